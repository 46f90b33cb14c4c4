// What can be done with a ticket. Shown at once, and taken back when the daemon says no, with its reason.

import { call, get, patch, post, put } from './api.js';
import { t } from './i18n.js';
import { ask } from './parts/dialog.js';
import { NEXT, PRIORITIES, STATUSES, avatar, priorityShape, priorityWord, statusShape, statusWord } from './parts/marks.js';
import { problem, toast } from './parts/toast.js';
import { go } from './router.js';
import { me } from './session.js';

/** @typedef {{ now: () => any, change: (changes: Record<string, any>) => void, reload: () => void }} Held */

/**
 * @param {Held} held
 * @param {Record<string, any>} changes shown before the daemon has answered
 * @param {(number: number) => Promise<any>} send
 * @returns {Promise<boolean>}
 */
async function optimistic(held, changes, send) {
  const ticket = held.now();
  const before = Object.fromEntries(Object.keys(changes).map((key) => [key, ticket[key]]));
  held.change(changes);
  try {
    await send(ticket.number);
    held.reload();
    return true;
  } catch (error) {
    // Of another ticket by now, nothing is taken back here.
    if (held.now()?.number === ticket.number) held.change(before);
    problem(error);
    held.reload();
    return false;
  }
}

/** @param {Held} held */
export async function claim(held) {
  const { id, name } = me();
  const done = await optimistic(held, { assignee_id: id, assignee_name: name }, (number) => post(`/api/tickets/${number}/claim`));
  if (done) toast(t('toast.claimed', { number: held.now().number }));
}

/** @param {Held} held @param {{ id: number, name: string } | null} agent */
export async function assign(held, agent) {
  const changes = { assignee_id: agent?.id ?? null, assignee_name: agent?.name ?? null };
  const send = (/** @type {number} */ number) => (agent ? post(`/api/tickets/${number}/assign`, { assignee_id: agent.id }) : post(`/api/tickets/${number}/unassign`));
  if (await optimistic(held, changes, send)) toast(agent ? t('toast.assigned', { name: agent.name }) : t('toast.unassigned'));
}

/** @param {Held} held @param {string} status */
export async function setStatus(held, status) {
  const before = held.now().status;
  if (before === status) return;
  const done = await optimistic(held, { status }, (number) => put(`/api/tickets/${number}/status`, { status }));
  if (!done) return;
  const undo = NEXT[status].includes(before) ? /** @type {[string, () => void]} */ ([t('toast.undo'), () => void setStatus(held, before)]) : undefined;
  toast(t('toast.status', { status: statusWord(status) }), { action: undo });
}

/** @param {Held} held @param {string} priority */
export async function setPriority(held, priority) {
  const before = held.now().priority;
  if (before === priority) return;
  if (await optimistic(held, { priority }, (number) => patch(`/api/tickets/${number}`, { priority }))) {
    toast(t('toast.priority', { priority: priorityWord(priority) }), { action: [t('toast.undo'), () => void setPriority(held, before)] });
  }
}

/** @param {Held} held @param {string | null} category */
export const setCategory = (held, category) => optimistic(held, { category }, (number) => patch(`/api/tickets/${number}`, { category }));

/** @param {Held} held @param {string[]} tags */
export const setTags = (held, tags) => optimistic(held, { tags }, (number) => patch(`/api/tickets/${number}`, { tags }));

/** @param {Held} held */
export async function escalate(held) {
  const reason = await ask({ title: t('escalate.title'), label: t('escalate.reason'), action: t('action.escalate') });
  if (!reason) return;
  const escalation = { reason, by: me().name, at: new Date().toISOString() };
  if (await optimistic(held, { escalation }, (number) => post(`/api/tickets/${number}/escalate`, { reason }))) toast(t('toast.escalated'));
}

/** Who answers the customer's next message. @param {any} ticket @param {'bot' | 'agent'} mode */
export const setMode = (ticket, mode) => post(`/api/conversations/${ticket.conversation_id}/mode`, { mode });

/** @param {Held} held @returns {import('./parts/menu.js').Choice[]} */
export function statusChoices(held) {
  const { status } = held.now();
  return STATUSES.filter((one) => one === status || NEXT[status]?.includes(one)).map((one) => ({ label: statusWord(one), mark: statusShape(one), current: one === status, run: () => void setStatus(held, one) }));
}

/** @param {Held} held @returns {import('./parts/menu.js').Choice[]} */
export function priorityChoices(held) {
  return PRIORITIES.map((one) => ({ label: priorityWord(one), mark: priorityShape(one), current: one === held.now().priority, run: () => void setPriority(held, one) }));
}

/** @param {Held} held @returns {Promise<import('./parts/menu.js').Choice[]>} */
export async function assigneeChoices(held) {
  const { assignee_id: current } = held.now();
  const { agents } = await get('/api/agents');
  const others = agents.filter((/** @type {any} */ one) => one.id !== me().id && !one.disabled && !one.disabled_at);
  const choice = (/** @type {any} */ one) => ({ label: one.id === me().id ? t('action.me', { name: one.name }) : one.name, mark: avatar(one.name, 'small'), current: one.id === current, run: () => void (one.id === me().id && !current ? claim(held) : assign(held, one)) });
  const nobody = current ? [{ label: t('action.unassign'), run: () => void assign(held, null) }] : [];
  return [choice(me()), ...others.map(choice), ...nobody];
}

/** @param {Held} held @returns {Promise<import('./parts/menu.js').Choice[]>} */
export async function categoryChoices(held) {
  const { categories } = await get('/api/tickets/categories');
  const { category } = held.now();
  return categories.map((/** @type {any} */ one) => ({ label: one.name, current: one.id === category, run: () => void setCategory(held, one.id) }));
}

/** @param {Held} held @param {boolean} on */
export async function follow(held, on) {
  const id = me().id;
  const others = (held.now().followers || []).filter((/** @type {number} */ one) => one !== id);
  const done = await optimistic(held, { followers: on ? [...others, id] : others }, (number) => (on ? post(`/api/tickets/${number}/followers`, { agent_id: id }) : call('DELETE', `/api/tickets/${number}/followers/me`)));
  if (done) toast(on ? t('toast.follows') : t('toast.unfollows'));
}

/** Makes this ticket part of another; it can be undone. @param {Held} held */
export async function merge(held) {
  const { number } = held.now();
  const into = (await ask({ title: t('merge.title', { number }), label: t('merge.into'), action: t('action.merge'), max: 64 }))?.replace(/^#/, '');
  if (!into) return;
  try {
    const one = await post(`/api/tickets/${number}/merge`, { into });
    go(`/tickets/${one.number}`);
    toast(t('toast.merged', { number, into: one.number }), { action: [t('toast.undo'), () => void post(`/api/tickets/${number}/unmerge`).then(() => go(`/tickets/${number}`), problem)] });
  } catch (error) {
    problem(error);
  }
}
