// Rules of assignment and of automation: what they say in words, a form for each, what one would do now, and when it ran.

import { call, get, patch, post, put } from '../api.js';
import { fill, h } from '../dom.js';
import { number, t } from '../i18n.js';
import { actionForm, actionWords, conditionForm, conditionWords, listed } from '../parts/conditions.js';
import { openDialog, sure } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { problem, toast } from '../parts/toast.js';
import { exact, since } from '../time.js';
import { field, submit } from './gate.js';
import { span } from './promise.js';

const SINCE = ['unclaimed', 'unanswered', 'idle', 'pending_customer', 'resolved'];
const STRATEGIES = ['least_busy', 'round_robin', 'sticky'];

/** @typedef {import('../parts/conditions.js').Known} Known */
/** @typedef {{ events?: string[], after?: { since: string, seconds: number } }} Trigger when a rule is looked at: one of the two */
/** @typedef {{ conditions: Partial<import('../parts/conditions.js').Conditions>, trigger?: Trigger }} Parsed what the description calls any object */
/** @typedef {Omit<Api.RuleView, 'conditions' | 'trigger'> & Parsed} Rule */
/** @typedef {Omit<Api.AssignmentView, 'conditions'> & Parsed} Assignment */
/** @typedef {Partial<Rule & Assignment>} Either a rule of either kind; without anything: a new one */
/** @typedef {{ path: string, title: string, lead: string, words: (rule: Either, known: Known) => any[], form: (rule: Either, known: Known) => { parts: any[], read: () => Partial<Api.RuleInput> | Partial<Api.AssignmentBody> }, more: boolean }} Kind `more`: can be tried, and tells when it ran */

/** @param {Trigger} trigger */
const triggerWords = ({ events, after }) => h('span', { class: 'rule-part when' }, events ? t('rule.on', { events: events.join(', ') }) : after && t('rule.after', { time: span(after.seconds), since: t('rule.since.' + after.since) }));

/** @param {string} name @param {string} label @param {HTMLElement} input @param {string} [hint] */
const labelled = (name, label, input, hint) => {
  input.id = name;
  return h('div', { class: 'field' }, h('label', { for: name }, label), input, hint && h('p', { class: 'hint' }, hint), h('p', { class: 'field-error', id: `${name}-error`, hidden: true }));
};

/** Rules of automation (S2.33, S3.19). @type {() => Kind} */
const automation = () => ({
  path: '/api/rules',
  title: t('admin.rules'),
  lead: t('rule.lead'),
  words: (rule, known) => [triggerWords(rule.trigger || {}), conditionWords(rule.conditions || {}), h('span', { class: 'rule-join' }, '→'), actionWords(rule.actions || [], known)],
  form(rule, known) {
    const after = rule.trigger?.after;
    const events = h('input', { value: (rule.trigger?.events || ['ticket.created']).join(', '), dir: 'ltr' });
    const from = h('select', { 'aria-label': t('rule.when') }, SINCE.map((one) => h('option', { value: one, selected: one === after?.since }, t('rule.since.' + one))));
    const minutes = h('input', { type: 'number', min: 1, max: 527_040, value: after ? Math.round(after.seconds / 60) : 30, 'aria-label': t('rule.minutes') });
    const kind = h('select', {}, h('option', { value: 'events', selected: !after }, t('rule.by_event')), h('option', { value: 'after', selected: Boolean(after) }, t('rule.by_time')));
    const byEvent = labelled('trigger.events', t('admin.events'), events, 'ticket.created, ticket.message.added, ticket.updated, ticket.sla.warning');
    const byTime = h('div', { class: 'field-row' }, labelled('trigger.after.since', t('rule.when'), from), labelled('trigger.after.seconds', t('rule.minutes'), minutes));
    const show = () => {
      byEvent.hidden = kind.value !== 'events';
      byTime.hidden = kind.value !== 'after';
    };
    kind.addEventListener('change', show);
    show();
    const conditions = conditionForm(rule.conditions || {});
    const actions = actionForm(rule.actions || [{ set_priority: 'high' }], known);
    const stop = h('input', { type: 'checkbox', id: 'stop' });
    stop.checked = Boolean(rule.stop);
    return {
      parts: [labelled('trigger', t('rule.when'), kind), byEvent, byTime, conditions.element, actions.element, h('p', { class: 'check' }, stop, h('label', { for: 'stop' }, t('rule.stop')))],
      read: () => ({ trigger: kind.value === 'events' ? { events: listed(events.value) } : { after: { since: from.value, seconds: Number(minutes.value) * 60 } }, conditions: conditions.read(), actions: actions.read(), stop: stop.checked }),
    };
  },
  more: true,
});

/** Rules of assignment (S3.17). @type {() => Kind} */
const assignment = () => ({
  path: '/api/assignment-rules',
  title: t('admin.assignment'),
  lead: t('rule.assignment_lead'),
  words: (rule, known) => [conditionWords(rule.conditions || {}), h('span', { class: 'rule-join' }, '→'), h('span', { class: 'rule-part does' }, t('rule.strategy.' + rule.strategy)), (rule.agents || []).map((id) => h('span', { class: 'rule-part', dir: 'auto' }, known.agents.find((one) => one.id === id)?.name || `${id}`))],
  form(rule, known) {
    const strategy = h('select', {}, STRATEGIES.map((one) => h('option', { value: one, selected: one === rule.strategy }, t('rule.strategy.' + one))));
    const agents = known.agents.map((one) => {
      const box = h('input', { type: 'checkbox', id: `agent-${one.id}`, value: one.id });
      box.checked = (rule.agents || []).includes(one.id);
      return box;
    });
    const conditions = conditionForm(rule.conditions || {});
    return {
      parts: [conditions.element, labelled('strategy', t('rule.strategy'), strategy), h('fieldset', { class: 'rule-group' }, h('legend', {}, t('rule.agents')), h('div', { class: 'rule-checks' }, agents.map((box, at) => h('span', { class: 'check' }, box, h('label', { for: box.id, dir: 'auto' }, known.agents[at].name)))))],
      read: () => ({ conditions: conditions.read(), strategy: strategy.value, agents: agents.filter((box) => box.checked).map((box) => Number(box.value)) }),
    };
  },
  more: false,
});

export const rules = () => page(automation());
export const assignments = () => page(assignment());

/** @param {Kind} kind */
function page(kind) {
  const list = h('div', { class: 'rule-list' }, h('p', { class: 'hint' }, t('loading')));
  /** @type {Known} */
  let known = { agents: [], categories: [] };

  async function load() {
    try {
      const [answer, people, categories] = await Promise.all([get(kind.path), get('/api/agents'), get('/api/tickets/categories')]);
      known = { agents: /** @type {Api.PersonView[]} */ (people.agents).filter((one) => !one.disabled), categories: categories.categories };
      fill(list, answer.rules.length ? answer.rules.map(card) : h('p', { class: 'nothing' }, t('admin.none')));
    } catch (error) {
      fill(list, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {() => Promise<any>} work */
  async function act(work) {
    try {
      await work();
      toast(t('admin.done'));
    } catch (error) {
      problem(error);
    }
    void load();
  }

  /** @param {Rule & Assignment} rule */
  function card(rule) {
    const on = h('input', { type: 'checkbox', role: 'switch', class: 'switch', 'aria-label': t('rule.is_on', { name: rule.name }), onchange: () => void act(() => (kind.more ? patch(`${kind.path}/${rule.id}`, { active: on.checked }) : put(`${kind.path}/${rule.id}`, bodyOf({ ...rule, active: on.checked })))) });
    on.checked = rule.active;
    return h('article', { class: `rule-card${rule.active ? '' : ' is-off'}`, 'aria-label': rule.name, dataset: { rule: rule.id } },
      h('header', {}, on, h('h2', { class: 'grow', dir: 'auto' }, rule.name), h('span', { class: 'hint', title: t('rule.position') }, `${rule.position}`)),
      h('div', { class: 'rule-words' }, kind.words(rule, known)),
      rule.paused && h('p', { class: 'form-error' }, icon('alert'), h('span', {}, t('rule.paused', { why: rule.paused.why }))),
      h('footer', {}, h('button', { class: 'quiet', dataset: { act: 'edit' }, onclick: () => edit(rule) }, t('rule.edit')),
        kind.more && h('button', { class: 'quiet', dataset: { act: 'try' }, onclick: () => void tryOut(rule) }, t('rule.try')),
        kind.more && h('button', { class: 'quiet', dataset: { act: 'runs' }, onclick: () => void showRuns(rule) }, t('rule.runs')),
        h('span', { class: 'grow' }),
        h('button', { class: 'quiet', onclick: async () => { if (await sure(t('admin.delete'))) void act(() => call('DELETE', `${kind.path}/${rule.id}`)); } }, t('admin.delete'))));
  }

  /** What replaces a rule: what people say of it. @param {Either} rule */
  const bodyOf = ({ name, position, active, conditions, strategy, agents }) => ({ name, position, active, conditions, strategy, agents });

  /** @param {Either} rule */
  function edit(rule) {
    const { parts, read } = kind.form(rule, known);
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
      h('div', { class: 'field-row' }, field('name', t('contacts.name'), { value: rule.name || '', maxlength: 100, dir: 'auto' }), field('position', t('rule.position'), { type: 'number', min: 0, value: rule.position ?? 100 })),
      parts, h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('rule.save'))));
    const dialog = openDialog(rule.name || kind.title, [form], 'wide');
    async function work() {
      const given = new FormData(form);
      const body = { name: String(given.get('name')).trim(), position: Number(given.get('position')), active: rule.active ?? true, ...read() };
      if (rule.id) await put(`${kind.path}/${rule.id}`, body);
      else await post(kind.path, body);
      dialog.close();
      toast(t('admin.done'));
      void load();
    }
  }

  /** What it would do now; nothing is done. @param {Rule} rule */
  async function tryOut(rule) {
    try {
      const tried = /** @type {Api.Tried} */ (await post(`${kind.path}/${rule.id}/test`));
      openDialog(t('rule.tried', { name: rule.name }), [h('div', { class: 'rule-told' },
        h('p', {}, t('rule.tried_count', { hits: number(tried.tickets.length), looked: number(tried.looked_at) })),
        h('div', { class: 'rule-words' }, actionWords(tried.actions, known)),
        h('ul', { class: 'rule-hits' }, tried.tickets.slice(0, 200).map((one) => h('li', {}, h('a', { href: `/tickets/${one.replace('#', '')}?view=all&status=any` }, one)))))]);
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Rule} rule */
  async function showRuns(rule) {
    try {
      const { runs } = /** @type {Api.Runs} */ (await get(`${kind.path}/${rule.id}/runs`));
      openDialog(t('rule.ran', { name: rule.name }), [h('div', { class: 'rule-told' }, runs.length ? h('div', { class: 'admin-table', tabindex: 0, role: 'region', 'aria-label': t('rule.runs') }, h('table', {},
        h('thead', {}, h('tr', {}, [t('admin.time'), t('admin.whom'), t('ticket.status')].map((word) => h('th', { scope: 'col' }, word)))),
        h('tbody', {}, runs.map((run) => h('tr', {}, h('td', { title: exact(run.at) }, since(run.at)), h('td', {}, h('a', { href: `/tickets/${run.ticket_number.replace('#', '')}?view=all&status=any` }, run.ticket_number)), h('td', {}, run.failed || t('admin.done'))))))) : h('p', { class: 'nothing' }, t('rule.never')))]);
    } catch (error) {
      problem(error);
    }
  }

  void load();
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, kind.title), h('button', { class: 'primary', dataset: { act: 'add' }, onclick: () => edit({}) }, t('admin.add'))), h('p', { class: 'lead' }, kind.lead), list);
}
