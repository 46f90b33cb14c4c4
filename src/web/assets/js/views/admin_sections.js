// The sections of the admin's pages that are lists of the API.

import { call, post, put } from '../api.js';
import { t } from '../i18n.js';
import { me } from '../session.js';
import { since } from '../time.js';

const SCOPES = ['ingest', 'read', 'agent', 'admin'];
const ROLES = ['agent', 'supervisor', 'admin'];

/** @param {string | null | undefined} at */
const when = (at) => (at ? since(at) : '–');
/** @param {string[] | undefined} words */
const joined = (words) => (words || []).join(', ');

/** @type {import('./admin.js').Section[]} */
export const SECTIONS = [
  {
    name: 'people',
    label: () => t('admin.people'),
    path: '/api/agents',
    rows: (answer) => answer.agents,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('login.email'), cell: (row) => row.email || '–' },
      { label: () => t('admin.role'), cell: (row) => t('role.' + row.role) },
      { label: () => t('ticket.status'), cell: (row) => (row.disabled ? t('admin.disabled') : row.totp ? t('admin.totp') : t('admin.active')) },
    ],
    fields: () => [{ name: 'name', label: t('contacts.name') }, { name: 'email', label: t('login.email'), type: 'email' }, { name: 'role', label: t('admin.role'), options: ROLES }],
    actions: () => [
      { label: t('admin.link'), when: (row) => !row.disabled, run: (row) => post(`/api/agents/${row.id}/link`) },
      { label: t('admin.disable'), danger: true, when: (row) => !row.disabled && row.id !== me().id, run: (row) => put(`/api/agents/${row.id}`, { disabled: true }) },
      { label: t('admin.enable'), when: (row) => row.disabled, run: (row) => put(`/api/agents/${row.id}`, { disabled: false }) },
    ],
  },
  {
    name: 'tokens',
    label: () => t('admin.tokens'),
    path: '/api/tokens',
    rows: (answer) => answer.tokens,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('admin.scopes'), cell: (row) => joined(row.scopes) },
      { label: () => t('details.created'), cell: (row) => when(row.created_at) },
      { label: () => t('ticket.status'), cell: (row) => (row.revoked_at ? t('admin.revoked') : t('admin.active')) },
    ],
    fields: () => [{ name: 'name', label: t('contacts.name') }, { name: 'scopes', label: t('admin.scopes'), options: SCOPES, list: true }],
    actions: () => [{ label: t('admin.revoke'), danger: true, when: (row) => !row.revoked_at, run: (row) => call('DELETE', `/api/tokens/${row.id}`) }],
  },
  {
    name: 'categories',
    label: () => t('admin.categories'),
    path: '/api/tickets/categories',
    rows: (answer) => answer.categories,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => row.name },
      { label: () => t('admin.keywords'), cell: (row) => joined(row.keywords) },
      { label: () => t('tickets.title'), cell: (row) => row.ticket_count },
    ],
    fields: () => [{ name: 'name', label: t('contacts.name') }, { name: 'description', label: t('details.description'), required: false }, { name: 'keywords', label: t('admin.keywords'), list: true, required: false, hint: t('contacts.tags_hint') }],
    actions: () => [{ label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/tickets/categories/${row.id}`) }],
  },
  {
    name: 'canned',
    label: () => t('composer.canned'),
    path: '/api/tickets/canned-responses?limit=100',
    rows: (answer) => answer.canned_responses,
    columns: [
      { label: () => t('admin.shortcut'), cell: (row) => (row.shortcut ? `/${row.shortcut}` : '–') },
      { label: () => t('create.subject'), cell: (row) => row.title },
      { label: () => t('admin.text'), cell: (row) => row.content },
      { label: () => t('admin.used'), cell: (row) => row.usage_count },
    ],
    fields: () => [{ name: 'title', label: t('create.subject') }, { name: 'shortcut', label: t('admin.shortcut'), required: false }, { name: 'content', label: t('admin.text'), type: 'area', hint: '{{customer_name}} {{ticket_number}} {{agent_name}}' }],
    actions: () => [{ label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/tickets/canned-responses/${row.id}`) }],
  },
  {
    name: 'sla',
    label: () => t('admin.sla'),
    path: '/api/tickets/sla-policies',
    rows: (answer) => answer.policies,
    columns: [
      { label: () => t('contacts.name'), cell: (row) => (row.is_default ? `${row.name} ★` : row.name) },
      { label: () => t('sla.first_response'), cell: (row) => (row.first_response_hours ? `${row.first_response_hours} h` : '–') },
      { label: () => t('sla.resolution'), cell: (row) => (row.resolution_hours ? `${row.resolution_hours} h` : '–') },
      { label: () => t('admin.hours'), cell: (row) => (row.business_hours_only ? t('admin.hours_only') : '24/7') },
    ],
    fields: () => [{ name: 'name', label: t('contacts.name') }, { name: 'first_response_hours', label: t('admin.first_hours'), type: 'number' }, { name: 'resolution_hours', label: t('admin.resolution_hours'), type: 'number' }],
    actions: () => [{ label: t('admin.delete'), danger: true, when: (row) => !row.is_default, run: (row) => call('DELETE', `/api/tickets/sla-policies/${row.id}`) }],
  },
  {
    name: 'webhooks',
    label: () => t('admin.webhooks'),
    path: '/api/webhooks',
    rows: (answer) => answer.webhooks,
    columns: [
      { label: () => t('admin.address'), cell: (row) => row.url },
      { label: () => t('admin.events'), cell: (row) => joined(row.events) },
      { label: () => t('admin.waiting'), cell: (row) => row.waiting },
      { label: () => t('ticket.status'), cell: (row) => (row.failing ? row.failing.error : row.active ? t('admin.active') : t('admin.disabled')) },
    ],
    fields: () => [{ name: 'url', label: t('admin.address'), type: 'url' }, { name: 'events', label: t('admin.events'), list: true, value: '*', hint: 'ticket.created, ticket.resolved, *' }],
    actions: () => [
      { label: t('admin.test'), run: (row) => post(`/api/webhooks/${row.id}/test`) },
      { label: t('admin.switch'), run: (row) => put(`/api/webhooks/${row.id}`, { active: !row.active }) },
      { label: t('admin.delete'), danger: true, run: (row) => call('DELETE', `/api/webhooks/${row.id}`) },
    ],
  },
  {
    name: 'audit',
    label: () => t('admin.audit'),
    path: '/api/audit?limit=100',
    rows: (answer) => answer.entries,
    columns: [
      { label: () => t('admin.time'), cell: (row) => when(row.at) },
      { label: () => t('admin.who'), cell: (row) => row.actor.name || `${row.actor.kind} ${row.actor.id ?? ''}` },
      { label: () => t('admin.what'), cell: (row) => row.action },
      { label: () => t('admin.whom'), cell: (row) => (row.subject ? `${row.subject.kind} ${row.subject.id}` : '–') },
      { label: () => t('admin.address'), cell: (row) => row.address || '–' },
    ],
    more: (answer) => (answer.next ? `/api/audit?limit=100&before=${answer.next}` : null),
  },
];
