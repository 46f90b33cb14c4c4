// The line above the list by which it is narrowed and ordered, and by which a filter is kept under a name.

import { fill, h } from '../dom.js';
import { CHANNELS, MAX_NAME, PROMISES, SORTS, chosen, forget, isNarrowed, save, saved, searchOf } from '../filter.js';
import { t } from '../i18n.js';
import { ask } from '../parts/dialog.js';
import { channelIcon, icon } from '../parts/icons.js';
import { PRIORITIES, STATUSES, channelWord, priorityShape, priorityWord, statusShape, statusWord } from '../parts/marks.js';
import { openMenu } from '../parts/menu.js';
import { toast } from '../parts/toast.js';
import { go } from '../router.js';

/** @typedef {import('../filter.js').Choice} Choice */

/** @param {string} sla */
const promiseWord = (sla) => (sla === 'breached' ? t('sla.breached') : t('sla.at_risk'));

/** The words of a choice, as a name that is offered for it. @param {Choice} choice */
const nameOf = (choice) => [choice.status && choice.status !== 'any' && statusWord(choice.status), choice.priority && priorityWord(choice.priority), choice.channel && channelWord(choice.channel), choice.sla && promiseWord(choice.sla), choice.escalated && t('details.escalated'), choice.tag, choice.q].filter(Boolean).join(', ').slice(0, MAX_NAME);

/** @param {{ choose: (changes: Partial<Choice>) => void, kept: () => void }} how `kept` is called when the filters that are kept have changed */
export function filters({ choose, kept }) {
  const tools = h('div', { class: 'list-tools' });
  const chips = h('div', { class: 'list-chips' });
  const element = h('div', { class: 'list-filters' }, tools, chips);

  /** @param {string} label @param {any} content @param {() => import('../parts/menu.js').Choice[]} choices @param {Record<string, any>} [more] */
  const button = (label, content, choices, more = {}) => h('button', { class: 'value', 'aria-haspopup': 'listbox', 'aria-label': label, title: label, onclick: (/** @type {Event} */ event) => void openMenu(/** @type {HTMLElement} */ (event.currentTarget), { label, choices: choices() }), ...more }, content, icon('chevron', 'chevron'));

  /** @param {Choice} now */
  const further = (now) => [
    ...PROMISES.map((sla) => ({ label: promiseWord(sla), mark: icon(sla === 'breached' ? 'alert' : 'clock'), current: now.sla === sla, run: () => choose({ sla: now.sla === sla ? '' : sla }) })),
    { label: t('details.escalated'), mark: icon('up'), current: now.escalated === 'true', run: () => choose({ escalated: now.escalated ? '' : 'true' }) },
    ...CHANNELS.map((channel) => ({ label: channelWord(channel), mark: channelIcon(channel), current: now.channel === channel, run: () => choose({ channel: now.channel === channel ? '' : channel }) })),
    { label: t('filter.tag'), mark: icon('tag'), current: Boolean(now.tag), run: () => void byTag() },
  ];

  async function byTag() {
    const tag = await ask({ title: t('filter.tag'), label: t('details.tags'), action: t('filter.apply'), max: 50 });
    if (tag) choose({ tag });
  }

  /** @param {Choice} now */
  const keeping = (now) => [
    ...(isNarrowed(now) ? [{ label: t('filter.keep'), mark: icon('star'), run: () => void keep(now) }] : []),
    ...saved().map((one) => ({ label: one.name, mark: icon('folder'), current: one.search === searchOf(now), run: () => go(`/tickets${one.search}`) })),
    ...saved().filter((one) => one.search === searchOf(now)).map((one) => ({ label: t('filter.forget', { name: one.name }), mark: icon('close'), run: () => { forget(one.name); draw(); kept(); } })),
  ];

  /** @param {Choice} now */
  async function keep(now) {
    const name = await ask({ title: t('filter.keep'), label: t('contacts.name'), action: t('filter.keep_it'), max: MAX_NAME, value: nameOf(now), line: true });
    if (!name) return;
    save(name, now);
    draw();
    kept();
    toast(t('filter.kept', { name }));
  }

  function draw() {
    const now = chosen();
    const orders = /** @type {Record<string, string>} */ ({ '-updated_at': t('sort.updated'), '-created_at': t('sort.newest'), created_at: t('sort.oldest'), '-priority': t('sort.priority'), sla: t('sort.due') });
    fill(tools,
      button(t('ticket.status'), h('span', {}, now.status === 'any' ? t('rail.any') : now.status ? statusWord(now.status) : t('rail.open')), () => [
        { label: t('rail.open'), current: now.status === '', run: () => choose({ status: '' }) },
        ...STATUSES.map((status) => ({ label: statusWord(status), mark: statusShape(status), current: now.status === status, run: () => choose({ status }) })),
        { label: t('rail.any'), current: now.status === 'any', run: () => choose({ status: 'any' }) }]),
      button(t('ticket.priority'), now.priority ? priorityShape(now.priority) : h('span', {}, t('ticket.priority')), () => [
        { label: t('rail.any'), current: now.priority === '', run: () => choose({ priority: '' }) },
        ...PRIORITIES.map((priority) => ({ label: priorityWord(priority), mark: priorityShape(priority), current: priority === now.priority, run: () => choose({ priority }) }))]),
      button(t('filter.more'), icon('filter'), () => further(now), { dataset: { act: 'filter' } }),
      (isNarrowed(now) || saved().length > 0) && button(t('filter.saved'), icon('star'), () => keeping(now), { dataset: { act: 'saved' } }),
      h('span', { class: 'grow' }),
      button(t('sort.label'), h('span', {}, orders[now.sort]), () => SORTS.map((sort) => ({ label: orders[sort], current: sort === now.sort, run: () => choose({ sort }) }))));
    const chip = (/** @type {any} */ word, /** @type {Partial<Choice>} */ without) => word && h('button', { class: 'chip', title: t('filter.without', { what: word }), 'aria-label': t('filter.without', { what: word }), onclick: () => choose(without) }, h('span', { dir: 'auto' }, word), icon('close'));
    fill(chips, chip(now.sla && promiseWord(now.sla), { sla: '' }), chip(now.escalated && t('details.escalated'), { escalated: '' }), chip(now.channel && channelWord(now.channel), { channel: '' }), chip(now.tag && `#${now.tag}`, { tag: '' }));
    chips.hidden = !chips.childElementCount;
  }

  return { element, draw };
}
