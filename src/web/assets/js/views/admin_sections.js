// The sections of the admin's pages that are lists of the API.

import { call, get, post, put } from '../api.js';
import { t } from '../i18n.js';
import { PRIORITIES, avatar, priorityWord } from '../parts/marks.js';
import { h } from '../dom.js';
import { me } from '../session.js';
import { since } from '../time.js';

const SCOPES = ['ingest', 'read', 'agent', 'admin'];
const ROLES = ['agent', 'supervisor', 'admin'];

/** @param {string | null | undefined} at */
const when = (at) => (at ? since(at) : '–');
/** @param {string[] | undefined} words */
const joined = (words) => (words || []).join(', ');

/** @returns {Promise<[string, string][]>} */
async function calendars() {
  const { business_hours: all } = await get('/api/business-hours');
  return all.map((/** @type {Api.HoursView} */ one) => [String(one.id), one.name]);
}

/** An SLA policy (S3.14): its targets, when its time runs, for which tickets it is. @param {Api.PolicyView} [row] @returns {Promise<import('./admin_form.js').Field[]>} */
async function policyFields(row) {
  const target = (/** @type {string} */ name, /** @type {string} */ label, /** @type {any} */ value) => ({ name, label, type: 'number', required: false, value, half: true });
  return [
    { name: 'name', label: t('contacts.name'), value: row?.name },
    target('first_response_hours', t('admin.first_hours'), row?.first_response_hours),
    target('resolution_hours', t('admin.resolution_hours'), row?.resolution_hours),
    ...PRIORITIES.flatMap((priority) => [target(`${priority}.first`, `${priorityWord(priority)}: ${t('admin.first_hours')}`, row?.priority_overrides[priority]?.first_response_hours), target(`${priority}.resolution`, `${priorityWord(priority)}: ${t('admin.resolution_hours')}`, row?.priority_overrides[priority]?.resolution_hours)]),
    { name: 'business_hours_only', label: t('admin.hours_only'), type: 'check', value: row?.business_hours_only },
    { name: 'business_hours_id', label: t('admin.calendars'), required: false, options: [['', '–'], ...await calendars()], value: row?.business_hours_id },
    { name: 'channels', label: t('admin.channels'), list: true, required: false, value: row?.conditions.channels, hint: 'call, whatsapp, web, email, chat' },
    { name: 'categories', label: t('admin.categories'), list: true, required: false, value: row?.conditions.categories },
    { name: 'tags', label: t('details.tags'), list: true, required: false, value: row?.conditions.tags },
    { name: 'is_default', label: t('admin.is_default'), type: 'check', value: row?.is_default },
  ];
}

/** @param {Record<string, any>} given */
function policyBody({ name, first_response_hours, resolution_hours, business_hours_only, business_hours_id, is_default, channels, categories, tags, ...targets }) {
  const of = (/** @type {string} */ priority) => ({ first_response_hours: targets[`${priority}.first`] ?? null, resolution_hours: targets[`${priority}.resolution`] ?? null });
  const overrides = PRIORITIES.map((priority) => /** @type {[string, any]} */ ([priority, of(priority)])).filter(([, hours]) => hours.first_response_hours !== null || hours.resolution_hours !== null);
  return { name, first_response_hours, resolution_hours, business_hours_only, is_default, business_hours_id: business_hours_id ? Number(business_hours_id) : null, conditions: { channels, categories, tags }, priority_overrides: Object.fromEntries(overrides) };
}

/**
 * A section whose lines have the type of what the API lists.
 * @template Answer, Row @param {import('./admin.js').Section<Answer, Row>} one @returns {import('./admin.js').Section}
 */
const section = (one) => one;

export const SECTIONS = [
  section({
    name: 'people',
    label: () => t('admin.people'),
    path: '/api/agents',
    rows: (/** @type {{ agents: Api.PersonView[] }} */ answer) => answer.agents,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('login.email'), cell: (row) => row.email || '–' },
      { label: () => t('admin.role'), cell: (row) => t('role.' + row.role) },
      { label: () => t('ticket.status'), cell: (row) => (row.disabled ? t('admin.disabled') : row.totp ? t('admin.totp') : t('admin.active')) },
    ],
    edits: true,
    fields: (row) => [{ name: 'name', label: t('contacts.name'), value: row?.name }, { name: 'email', label: t('login.email'), type: 'email', value: row?.email }, { name: 'role', label: t('admin.role'), options: ROLES.map((role) => [role, t('role.' + role)]), value: row?.role }],
    actions: () => [
      { label: t('admin.link'), when: (row) => !row.disabled, run: (row) => post(`/api/agents/${row.id}/link`) },
      { label: t('admin.disable'), danger: true, when: (row) => !row.disabled && row.id !== me().id, run: (row) => put(`/api/agents/${row.id}`, { disabled: true }) },
      { label: t('admin.end_sessions'), danger: true, when: (row) => row.id !== me().id, run: (row) => call('DELETE', `/api/agents/${row.id}/sessions`) },
      { label: t('admin.totp_off'), danger: true, when: (row) => row.totp, run: (row) => call('DELETE', `/api/agents/${row.id}/totp`) },
      { label: t('admin.enable'), when: (row) => row.disabled, run: (row) => put(`/api/agents/${row.id}`, { disabled: false }) },
    ],
  }),
  section({
    name: 'tokens',
    label: () => t('admin.tokens'),
    path: '/api/tokens',
    rows: (/** @type {Api.Tokens} */ answer) => answer.tokens,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('admin.scopes'), cell: (row) => joined(row.scopes) },
      { label: () => t('details.created'), cell: (row) => when(row.created_at) },
      { label: () => t('ticket.status'), cell: (row) => (row.revoked_at ? t('admin.revoked') : t('admin.active')) },
    ],
    fields: () => [{ name: 'name', label: t('contacts.name') }, { name: 'scopes', label: t('admin.scopes'), options: SCOPES, list: true }],
    actions: () => [{ label: t('admin.revoke'), danger: true, when: (row) => !row.revoked_at, run: (row) => call('DELETE', `/api/tokens/${row.id}`) }],
  }),
  section({
    name: 'categories',
    label: () => t('admin.categories'),
    path: '/api/tickets/categories',
    rows: (/** @type {Api.Categories} */ answer) => answer.categories,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('admin.keywords'), cell: (row) => joined(row.keywords) },
      { label: () => t('tickets.title'), cell: (row) => row.ticket_count },
    ],
    edits: true,
    fields: (row) => [{ name: 'name', label: t('contacts.name'), value: row?.name }, { name: 'description', label: t('details.description'), required: false, value: row?.description }, { name: 'keywords', label: t('admin.keywords'), list: true, required: false, hint: t('contacts.tags_hint'), value: row?.keywords }],
    actions: () => [{ label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/tickets/categories/${row.id}`) }],
  }),
  section({
    name: 'canned',
    label: () => t('composer.canned'),
    path: '/api/tickets/canned-responses?limit=100',
    rows: (/** @type {Api.CannedList} */ answer) => answer.canned_responses,
    columns: [
      { label: () => t('admin.shortcut'), cell: (row) => (row.shortcut ? `/${row.shortcut}` : '–') },
      { label: () => t('create.subject'), cell: (row) => row.title },
      { label: () => t('admin.text'), cell: (row) => row.content },
      { label: () => t('admin.used'), cell: (row) => row.usage_count },
    ],
    edits: true,
    fields: (row) => [{ name: 'title', label: t('create.subject'), value: row?.title }, { name: 'shortcut', label: t('admin.shortcut'), required: false, value: row?.shortcut }, { name: 'content', label: t('admin.text'), type: 'area', value: row?.content, hint: '{{customer_name}} {{ticket_number}} {{agent_name}}' }],
    actions: () => [{ label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/tickets/canned-responses/${row.id}`) }],
  }),
  section({
    name: 'sla',
    label: () => t('admin.sla'),
    path: '/api/tickets/sla-policies',
    rows: (/** @type {{ policies: Api.PolicyView[] }} */ answer) => answer.policies,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => (row.is_default ? `${row.name} ★` : row.name) },
      { label: () => t('sla.first_response'), cell: (row) => (row.first_response_hours ? `${row.first_response_hours} h` : '–') },
      { label: () => t('sla.resolution'), cell: (row) => (row.resolution_hours ? `${row.resolution_hours} h` : '–') },
      { label: () => t('admin.hours'), cell: (row) => (row.business_hours_only ? t('admin.hours_only') : '24/7') },
    ],
    edits: true,
    fields: policyFields,
    body: policyBody,
    actions: () => [
      { label: t('admin.apply'), run: (row) => post(`/api/tickets/sla-policies/${row.id}/apply`) },
      { label: t('admin.delete'), danger: true, when: (row) => !row.is_default, run: (row) => call('DELETE', `/api/tickets/sla-policies/${row.id}`) },
    ],
  }),
  section({
    name: 'presence',
    label: () => t('admin.presence'),
    path: '/api/presence',
    every: 5_000,
    rows: (/** @type {Api.Presences} */ answer) => answer.agents,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => h('span', { class: 'named' }, avatar(row.name, 'small'), row.name) },
      { label: () => t('ticket.status'), cell: (row) => h('span', { class: `presence is-${row.state}` }, t('presence.' + row.state)) },
      { label: () => t('presence.since'), cell: (row) => when(row.since) },
      { label: () => t('presence.load'), cell: (row) => `${row.open_tickets} / ${row.capacity}` },
    ],
    adds: false,
    edits: true,
    editAt: (row) => `/api/agents/${row.agent_id}/workload`,
    fields: async (row) => [{ name: 'capacity', label: t('presence.capacity'), type: 'number', required: false, value: row?.capacity, hint: t('presence.capacity_hint') }, { name: 'business_hours_id', label: t('admin.hours'), required: false, options: [['', t('presence.always')], ...await calendars()], value: row?.business_hours_id }],
    body: (given) => ({ ...given, business_hours_id: given.business_hours_id ? Number(given.business_hours_id) : null }),
  }),
  section({
    name: 'webhooks',
    label: () => t('admin.webhooks'),
    path: '/api/webhooks',
    rows: (/** @type {{ webhooks: Api.WebhookView[] }} */ answer) => answer.webhooks,
    columns: [
      { label: () => t('admin.address'), cell: (row) => row.url },
      { label: () => t('admin.events'), cell: (row) => joined(row.events) },
      { label: () => t('admin.waiting'), cell: (row) => row.waiting },
      { label: () => t('ticket.status'), cell: (row) => (row.failing ? row.failing.error : row.active ? t('admin.active') : t('admin.disabled')) },
    ],
    fields: (row) => [{ name: 'url', label: t('admin.address'), type: 'url', value: row?.url }, { name: 'events', label: t('admin.events'), list: true, value: row?.events || '*', hint: 'ticket.created, ticket.resolved, *' }],
    edits: true,
    actions: () => [
      { label: t('admin.deliveries'), href: (row) => `/admin/deliveries?webhook=${row.id}` },
      { label: t('webhook.secret'), danger: true, run: (row) => post(`/api/webhooks/${row.id}/secret`) },
      { label: t('admin.test'), run: (row) => post(`/api/webhooks/${row.id}/test`) },
      { label: t('admin.switch'), run: (row) => put(`/api/webhooks/${row.id}`, { active: !row.active }) },
      { label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/webhooks/${row.id}`) },
    ],
  }),
  section({
    name: 'audit',
    label: () => t('admin.audit'),
    path: '/api/audit?limit=100',
    rows: (/** @type {Api.AuditPage} */ answer) => answer.entries,
    columns: [
      { label: () => t('admin.time'), cell: (row) => when(row.at) },
      { label: () => t('admin.who'), cell: (row) => row.actor.name || `${row.actor.kind} ${row.actor.id ?? ''}` },
      { label: () => t('admin.what'), cell: (row) => row.action },
      { label: () => t('admin.whom'), cell: (row) => (row.subject ? `${row.subject.kind} ${row.subject.id}` : '–') },
      { label: () => t('admin.address'), cell: (row) => row.address || '–' },
    ],
    more: (answer) => (answer.next ? `/api/audit?limit=100&before=${answer.next}` : null),
  }),
];
