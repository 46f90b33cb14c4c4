// What can be done with all tickets that are chosen. What could not be done is said ticket by ticket, and those stay
// chosen.

import { get, post } from '../api.js';
import { fill, h } from '../dom.js';
import { counted, number, t } from '../i18n.js';
import { ask, openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { PRIORITIES, STATUSES, avatar, priorityShape, priorityWord, statusShape, statusWord } from '../parts/marks.js';
import { openMenu } from '../parts/menu.js';
import { problem, toast } from '../parts/toast.js';
import { me } from '../session.js';

/** Tickets that the daemon takes at once. */
const AT_ONCE = 100;

/** @param {import('../selection.js').Selection} selection @param {() => void} done called when tickets were changed */
export default function bulkBar(selection, done) {
  const count = h('strong', { class: 'bulk-count', role: 'status' });
  let busy = false;

  /** @param {Record<string, any>} body */
  async function run(body) {
    if (busy) return;
    busy = true;
    draw();
    const numbers = [...selection.numbers];
    /** @type {Api.BulkResult[]} */
    const results = [];
    try {
      for (let from = 0; from < numbers.length; from += AT_ONCE) {
        const answer = await post('/api/tickets/bulk', { ...body, ids: numbers.slice(from, from + AT_ONCE) });
        results.push(...answer.results);
      }
    } catch (error) {
      problem(error);
    }
    busy = false;
    const failed = results.filter((one) => !one.ok);
    const changed = results.length - failed.length;
    // What was never answered stays chosen too: nobody knows what became of it.
    const ok = new Set(results.filter((one) => one.ok).map((one) => Number(one.id)));
    selection.keep(numbers.filter((one) => !ok.has(one)));
    if (changed) done();
    if (failed.length) tell(failed, changed);
    else if (changed) toast(counted('bulk.done', changed));
  }

  /** @param {Api.BulkResult[]} failed @param {number} changed */
  function tell(failed, changed) {
    openDialog(t('bulk.failed', { count: number(failed.length) }), [h('div', { class: 'bulk-told' },
      h('p', {}, t('bulk.partly', { done: number(changed), failed: number(failed.length) })),
      h('ul', {}, failed.map((one) => h('li', {}, h('a', { href: `/tickets/${one.id}${location.search}` }, `#${one.ticket_number || one.id}`), ' ', h('span', { dir: 'auto' }, one.error?.detail || one.error?.title || '')))))]);
  }

  /** @param {string} what @param {string} label @param {any} mark @param {() => any} choices @param {boolean} [filter] */
  const menu = (what, label, mark, choices, filter) => h('button', { class: 'quiet icon-only', title: label, 'aria-label': label, 'aria-haspopup': 'listbox', disabled: busy, dataset: { bulk: what }, onclick: (/** @type {Event} */ event) => void openMenu(/** @type {HTMLElement} */ (event.currentTarget), { label, choices, filter }) }, mark);

  async function people() {
    const { agents } = await get('/api/agents');
    const others = agents.filter((/** @type {any} */ one) => one.id !== me().id && !one.disabled && !one.disabled_at);
    const choice = (/** @type {any} */ one) => ({ label: one.id === me().id ? t('action.me', { name: one.name }) : one.name, mark: avatar(one.name, 'small'), run: () => void run({ action: 'assign', assignee_id: one.id }) });
    return [choice(me()), ...others.map(choice), { label: t('action.unassign'), run: () => void run({ action: 'unassign' }) }];
  }

  /** @param {'tag' | 'untag'} action */
  async function tags(action) {
    const label = action === 'tag' ? t('bulk.tag') : t('bulk.untag');
    const text = await ask({ title: label, label: t('details.tags'), action: label, max: 500, line: true });
    const given = (text || '').split(/[;,]/).map((one) => one.trim()).filter(Boolean);
    if (given.length) void run({ action, tags: given });
  }

  async function escalate() {
    const reason = await ask({ title: t('escalate.title'), label: t('escalate.reason'), action: t('action.escalate') });
    if (reason) void run({ action: 'escalate', reason });
  }

  const element = h('div', { class: 'bulk', role: 'toolbar', 'aria-label': t('bulk.label'), hidden: true });

  function draw() {
    element.hidden = selection.size === 0;
    count.textContent = busy ? t('bulk.working') : t('bulk.count', { count: number(selection.size) });
    const focused = /** @type {HTMLElement | null} */ (element.contains(document.activeElement) ? document.activeElement : null)?.dataset.bulk;
    fill(element, count, h('span', { class: 'grow' }),
      menu('assign', t('action.assign'), icon('person'), people, true),
      menu('status', t('ticket.status'), statusShape('in_progress'), () => STATUSES.filter((status) => status !== 'new').map((status) => ({ label: statusWord(status), mark: statusShape(status), run: () => void run({ action: 'update', changes: { status } }) }))),
      menu('priority', t('ticket.priority'), priorityShape('high'), () => PRIORITIES.map((priority) => ({ label: priorityWord(priority), mark: priorityShape(priority), run: () => void run({ action: 'update', changes: { priority } }) }))),
      menu('more', t('action.more'), icon('more'), () => [
        { label: t('bulk.tag'), mark: icon('tag'), run: () => void tags('tag') },
        { label: t('bulk.untag'), mark: icon('tag'), run: () => void tags('untag') },
        { label: t('action.escalate'), mark: icon('up'), run: () => void escalate() }]),
      h('button', { class: 'quiet icon-only', title: t('bulk.clear'), 'aria-label': t('bulk.clear'), disabled: busy, dataset: { bulk: 'clear' }, onclick: () => selection.clear() }, icon('close')));
    if (focused) /** @type {HTMLElement | null} */ (element.querySelector(`[data-bulk="${focused}"]`))?.focus();
  }

  return { element, draw };
}
