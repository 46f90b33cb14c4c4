// What can be done with a ticket. Shown at once, and taken back when the daemon says no, with its reason.

import { call, get, patch, post, put } from './api.js';
import { t } from './i18n.js';
import { ask, sure } from './parts/dialog.js';
import { NEXT, PRIORITIES, STATUSES, avatar, priorityShape, priorityWord, statusShape, statusWord } from './parts/marks.js';
import { problem, toast } from './parts/toast.js';
import { go } from './router.js';
import { me } from './session.js';

/** @typedef {{ now: () => Api.TicketView, change: (changes: Record<string, any>) => void, reload: () => void }} Held */

/**
 * @param {Held} held
 * @param {Record<string, any>} changes shown before the daemon has answered
 * @param {(number: number) => Promise<any>} send
 * @returns {Promise<boolean>}
 */
async function optimistic(held, changes, send) {
  const ticket = held.now();
  const before = Object.fromEntries(Object.entries(ticket).filter(([key]) => key in changes));
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
  if (done) toast(t('toast.claimed', { number: held.now().number }), { action: undone(held, () => assign(held, null)) });
}

/** A way back, for as long as the same ticket is open. @param {Held} held @param {() => Promise<any>} back @returns {[string, () => void]} */
function undone(held, back) {
  const { number } = held.now();
  return [t('toast.undo'), () => { if (held.now()?.number === number) void back(); }];
}

/** @param {Held} held @param {{ id: number, name: string } | null} agent */
export async function assign(held, agent) {
  const { assignee_id: id, assignee_name: name } = held.now();
  const changes = { assignee_id: agent?.id ?? null, assignee_name: agent?.name ?? null };
  const send = (/** @type {number} */ number) => (agent ? post(`/api/tickets/${number}/assign`, { assignee_id: agent.id }) : post(`/api/tickets/${number}/unassign`));
  if (await optimistic(held, changes, send)) toast(agent ? t('toast.assigned', { name: agent.name }) : t('toast.unassigned'), { action: undone(held, () => assign(held, id ? { id, name: name || '' } : null)) });
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

/** @param {Held} held @param {string | null | undefined} category */
export async function setCategory(held, category) {
  const { category: before } = held.now();
  if (before === category) return;
  const done = await optimistic(held, { category }, (number) => patch(`/api/tickets/${number}`, { category: category ?? null }));
  if (done) toast(t('toast.category'), { action: undone(held, () => setCategory(held, before)) });
}

/** @param {Held} held @param {string[]} tags */
export async function setTags(held, tags) {
  const { tags: before } = held.now();
  const done = await optimistic(held, { tags }, (number) => patch(`/api/tickets/${number}`, { tags }));
  if (done) toast(t('toast.tags'), { action: undone(held, () => setTags(held, before)) });
}

/** Keeps a ticket back, or lets it go on: a flag beside its status. @param {Held} held @param {boolean} on */
export async function hold(held, on) {
  const changes = { on_hold: on, on_hold_since: on ? new Date().toISOString() : null };
  if (await optimistic(held, changes, (number) => patch(`/api/tickets/${number}`, { on_hold: on }))) toast(on ? t('toast.held') : t('toast.unheld'), { action: undone(held, () => hold(held, !on)) });
}

/** @param {Held} held */
export async function deescalate(held) {
  if (await optimistic(held, { escalation: null }, (number) => post(`/api/tickets/${number}/deescalate`))) toast(t('toast.deescalated'));
}

/** Says that a ticket belongs with another. @param {Held} held @param {() => void} done */
export async function relate(held, done) {
  const { number } = held.now();
  const ticket = (await ask({ title: t('relate.title', { number }), label: t('merge.into'), action: t('action.relate'), max: 64, line: true }))?.replace(/^#/, '');
  if (!ticket) return;
  try {
    await post(`/api/tickets/${number}/related`, { ticket });
    held.reload();
    done();
  } catch (error) {
    problem(error);
  }
}

/** Takes a ticket away; for thirty days it can be brought back. @param {Held} held */
export async function remove(held) {
  const { number } = held.now();
  if (!(await sure(t('action.delete')))) return;
  try {
    await call('DELETE', `/api/tickets/${number}`);
    go(`/tickets${location.search}`);
    toast(t('toast.deleted', { number }), { keep: 12_000, action: [t('toast.undo'), () => void post(`/api/tickets/${number}/restore`).then(() => go(`/tickets/${number}`), problem)] });
  } catch (error) {
    problem(error);
  }
}

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
