// Which tickets the list shows: what the address says, what the API is asked for, and the filters that somebody keeps
// under a name. What is kept is kept in this browser, for this person.

import { query } from './api.js';
import { OPEN, PRIORITIES, STATUSES } from './parts/marks.js';
import { me } from './session.js';

/** @typedef {{ view: string, status: string, priority: string, channel: string, sla: string, escalated: string, tag: string, sort: string, q: string }} Choice */
/** @typedef {{ name: string, search: string }} Saved `search` as it stands in the address */

export const VIEWS = ['mine', 'unassigned', 'all'];
export const SORTS = ['-updated_at', '-created_at', 'created_at', '-priority', 'sla'];
export const CHANNELS = ['call', 'whatsapp', 'web', 'email', 'chat', 'zendesk', 'intercom', 'api'];
export const PROMISES = ['at_risk', 'breached'];
const MAX_SAVED = 30;
export const MAX_NAME = 60;

/** What an address says is wanted. @param {string} [search] @returns {Choice} */
export function chosen(search = location.search) {
  const said = new URLSearchParams(search);
  const one = (/** @type {string} */ name, /** @type {string[]} */ of, /** @type {string} */ otherwise) => (of.includes(said.get(name) || '') ? said.get(name) || '' : otherwise);
  return {
    view: one('view', VIEWS, 'unassigned'),
    status: one('status', [...STATUSES, 'any'], ''),
    priority: one('priority', PRIORITIES, ''),
    channel: one('channel', CHANNELS, ''),
    sla: one('sla', PROMISES, ''),
    escalated: one('escalated', ['true'], ''),
    tag: (said.get('tag') || '').slice(0, 100),
    sort: one('sort', SORTS, SORTS[0]),
    q: (said.get('q') || '').slice(0, 200),
  };
}

/** As the API wants it. @param {Choice} choice */
export const filterOf = ({ view, status, sort, q, ...rest }) => ({
  ...rest,
  assignee: { mine: 'me', unassigned: 'none', all: '' }[view],
  status: status === 'any' ? '' : status || OPEN.join(','),
  sort,
  q,
  typing: q ? 'true' : '',
});

/** As it stands in the address; what goes without saying is left out. @param {Choice} choice */
export const searchOf = (choice) => query({ ...choice, view: choice.view === 'unassigned' ? '' : choice.view, sort: choice.sort === SORTS[0] ? '' : choice.sort });

/** Whether it narrows a view, so that it is worth a name. @param {Choice} choice */
export const isNarrowed = ({ view, sort, ...rest }) => Object.values(rest).some(Boolean) || sort !== SORTS[0];

const place = () => `filters.${me().id}`;

/** @returns {Saved[]} */
export function saved() {
  try {
    const kept = JSON.parse(localStorage.getItem(place()) || '[]');
    return kept.filter((/** @type {any} */ one) => typeof one?.name === 'string' && typeof one?.search === 'string').slice(0, MAX_SAVED);
  } catch {
    return [];
  }
}

/** Keeps a filter; one of the same name is replaced, the oldest gives way. @param {string} name @param {Choice} choice */
export function save(name, choice) {
  const others = saved().filter((one) => one.name !== name);
  localStorage.setItem(place(), JSON.stringify([...others, { name, search: searchOf(choice) }].slice(-MAX_SAVED)));
}

/** @param {string} name */
export const forget = (name) => localStorage.setItem(place(), JSON.stringify(saved().filter((one) => one.name !== name)));
