// Rules in words and as forms: conditions over a ticket, and what is to be done. The same for rules of assignment and
// of automation.

import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from './icons.js';

/** @typedef {{ field: string, op: string, values: string[] }} Condition */
/** @typedef {{ all: Condition[], any: Condition[] }} Conditions */

const FIELDS = ['channel', 'status', 'priority', 'category', 'tags', 'subject', 'text', 'language', 'assignee', 'requester', 'vip', 'speaker', 'escalated', 'on_hold', 'customer_messages', 'similar', 'sentiment', 'order_id', 'source'];
const OPS = ['is', 'is_not', 'contains', 'contains_not', 'at_least', 'at_most', 'is_set', 'is_not_set'];
const ALONE = ['is_set', 'is_not_set'];
/** What fields may be; others are free. @type {Record<string, string>} */
const EXAMPLES = { channel: 'call, whatsapp, web, email, chat', status: 'new, open, in_progress, pending, waiting_internal, resolved, closed', priority: 'low, medium, high, urgent', language: 'id, es, en', vip: 'true', escalated: 'true, false', on_hold: 'true, false', speaker: 'customer, agent, bot, system', sentiment: 'negative, neutral, positive', customer_messages: '5', similar: '3' };

/** @param {string} field */
const fieldWord = (field) => (FIELDS.includes(field) ? t('rule.field.' + field) : field);

/** @param {string} text */
export const listed = (text) => text.split(/[;,\n]/).map((part) => part.trim()).filter(Boolean);

/** As a person reads them. @param {Partial<Conditions>} conditions */
export function conditionWords({ all = [], any = [] }) {
  const one = (/** @type {Condition} */ { field, op, values }) => h('span', { class: 'rule-part', dir: 'auto' }, `${fieldWord(field)} ${t('rule.op.' + op)} ${(values || []).join(' / ')}`.trim());
  if (!all.length && !any.length) return [h('span', { class: 'rule-part' }, t('rule.always'))];
  return [all.map(one), any.length > 0 && h('span', { class: 'rule-join' }, t('rule.any')), any.map(one)];
}

/** A form of conditions. @param {Partial<Conditions>} given @returns {{ element: HTMLElement, read: () => Conditions }} */
export function conditionForm(given) {
  const group = (/** @type {string} */ name, /** @type {string} */ label, /** @type {Condition[]} */ conditions) => {
    const rows = h('div', { class: 'rule-rows' });
    const add = (/** @type {Condition} */ one) => rows.append(conditionRow(one));
    conditions.forEach(add);
    return { rows, box: h('fieldset', { class: 'rule-group', dataset: { group: name } }, h('legend', {}, label), rows, h('button', { type: 'button', class: 'quiet', onclick: () => add({ field: 'text', op: 'contains', values: [] }) }, icon('plus'), t('rule.add_condition'))) };
  };
  const all = group('all', t('rule.all'), given.all || []);
  const any = group('any', t('rule.any'), given.any || []);
  const read = (/** @type {HTMLElement} */ rows) => [.../** @type {any} */ (rows.children)].map((row) => {
    const [field, key, op, values] = row.querySelectorAll('select, input');
    return { field: field.value === 'metadata' ? `metadata.${key.value.trim()}` : field.value, op: op.value, values: ALONE.includes(op.value) ? [] : listed(values.value) };
  });
  return { element: h('div', { class: 'rule-groups' }, all.box, any.box), read: () => ({ all: read(all.rows), any: read(any.rows) }) };
}

/** @param {Condition} one */
function conditionRow({ field, op, values }) {
  const isOwn = field.startsWith('metadata.');
  const what = h('select', { 'aria-label': t('rule.field') }, [...FIELDS, 'metadata'].map((name) => h('option', { value: name, selected: name === (isOwn ? 'metadata' : field) }, name === 'metadata' ? t('rule.metadata') : fieldWord(name))));
  const key = h('input', { 'aria-label': t('rule.metadata'), placeholder: 'key', value: isOwn ? field.slice(9) : '', maxlength: 100, dir: 'ltr' });
  const how = h('select', { 'aria-label': t('rule.op') }, OPS.map((name) => h('option', { value: name, selected: name === op }, t('rule.op.' + name))));
  const text = h('input', { 'aria-label': t('rule.values'), value: (values || []).join(', '), dir: 'auto' });
  const row = h('div', { class: 'rule-row' }, what, key, how, text, h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': t('admin.delete'), onclick: () => row.remove() }, icon('close')));
  const show = () => {
    key.hidden = what.value !== 'metadata';
    text.hidden = ALONE.includes(how.value);
    text.placeholder = EXAMPLES[what.value] || t('rule.values');
  };
  what.addEventListener('change', show);
  how.addEventListener('change', show);
  show();
  return row;
}

const PLAIN = ['unassign', 'notify', 'webhook'];
const ACTIONS = ['set_priority', 'set_status', 'set_category', 'tag', 'untag', 'assign', 'unassign', 'escalate', 'note', 'reply', 'notify', 'webhook'];

/** The name of an action and what stands with it. @param {any} action @returns {[string, any]} */
const partsOf = (action) => (typeof action === 'string' ? [action, ''] : /** @type {[string, any]} */ (Object.entries(action)[0]));

/** @typedef {{ agents: { id: number, name: string }[], categories: { id: string, name: string }[] }} Known */

/** @param {any[]} actions @param {Known} known */
export const actionWords = (actions, known) => actions.map((action) => {
  const [name, value] = partsOf(action);
  const shown = name === 'assign' ? known.agents.find((one) => one.id === value)?.name || `${value}` : name === 'escalate' ? value.reason : Array.isArray(value) ? value.join(', ') : value;
  return h('span', { class: 'rule-part does', dir: 'auto' }, [t('rule.do.' + name), shown].filter(Boolean).join(': '));
});

/** A form of actions. @param {any[]} given @param {Known} known @returns {{ element: HTMLElement, read: () => any[] }} */
export function actionForm(given, known) {
  const rows = h('div', { class: 'rule-rows' });
  const add = (/** @type {any} */ action) => rows.append(actionRow(action, known));
  given.forEach(add);
  const read = () => [.../** @type {any} */ (rows.children)].map((row) => {
    const name = row.querySelector('select').value;
    const [first, second] = row.querySelectorAll('.rule-value select, .rule-value input, .rule-value textarea');
    if (PLAIN.includes(name)) return name;
    if (name === 'assign') return { assign: Number(first.value) };
    if (name === 'escalate') return { escalate: { reason: first.value.trim(), to: second.value ? Number(second.value) : null } };
    return { [name]: name === 'tag' || name === 'untag' ? listed(first.value) : first.value.trim() };
  });
  return { element: h('fieldset', { class: 'rule-group', dataset: { group: 'actions' } }, h('legend', {}, t('rule.then')), rows, h('button', { type: 'button', class: 'quiet', onclick: () => add({ set_priority: 'high' }) }, icon('plus'), t('rule.add_action'))), read };
}

/** @param {any} action @param {Known} known */
function actionRow(action, known) {
  const [kind, value] = partsOf(action);
  const what = h('select', { 'aria-label': t('rule.then') }, ACTIONS.map((name) => h('option', { value: name, selected: name === kind }, t('rule.do.' + name))));
  const place = h('div', { class: 'rule-value' });
  const row = h('div', { class: 'rule-row' }, what, place, h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': t('admin.delete'), onclick: () => row.remove() }, icon('close')));
  const pick = (/** @type {[any, string][]} */ options, /** @type {any} */ now) => h('select', { 'aria-label': t('rule.values') }, options.map(([id, word]) => h('option', { value: id, selected: String(id) === String(now ?? '') }, word)));
  const line = (/** @type {string} */ now) => h('input', { 'aria-label': t('rule.values'), value: now, dir: 'auto', required: true, maxlength: 2000 });
  const people = /** @type {[any, string][]} */ (known.agents.map((one) => [one.id, one.name]));
  const show = (/** @type {any} */ now) => fill(place, /** @type {Record<string, () => any>} */ ({
    set_priority: () => pick(['urgent', 'high', 'medium', 'low'].map((one) => [one, t('priority.' + one)]), now),
    set_status: () => pick(['open', 'in_progress', 'pending', 'waiting_internal', 'resolved', 'closed'].map((one) => [one, t('status.' + one)]), now),
    set_category: () => pick(known.categories.map((one) => [one.id, one.name]), now),
    assign: () => pick(people, now),
    escalate: () => [line(now?.reason || ''), pick([['', t('rule.nobody')], ...people], now?.to)],
    tag: () => line((now || []).join(', ')),
    untag: () => line((now || []).join(', ')),
    note: () => h('textarea', { 'aria-label': t('rule.values'), rows: 2, maxlength: 2000, required: true, dir: 'auto' }, now || ''),
    reply: () => h('textarea', { 'aria-label': t('rule.values'), rows: 2, maxlength: 2000, required: true, dir: 'auto' }, now || ''),
  })[what.value]?.() || null);
  what.addEventListener('change', () => show(undefined));
  show(value);
  return row;
}
