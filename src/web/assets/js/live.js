// What happens, as it happens: one stream for the window. A broken one is resumed behind the last event that was
// dealt with; when something was missed, everybody reads anew.

import { call } from './api.js';

/** @typedef {{ seq: number, event: string, at: string, actor?: string, number?: number, status?: string, priority?: string, channel?: string, assignee_id?: number | null, assignee_name?: string | null, conversation_id?: number | null, call_running?: boolean, entry?: { id: number, kind: string, speaker: string } }} LiveEvent */

/** @type {Set<(event: LiveEvent) => void>} */
const listeners = new Set();
/** @typedef {{ event: string, number: number, viewers?: { id: number, name: string, typing: boolean }[] }} Moment */

/** @type {Set<(moment: Moment) => void>} */
const moments = new Set();
/** @type {Set<() => void>} */
const resyncs = new Set();
/** @type {Set<(state: string) => void>} */
const watchers = new Set();

/** @type {EventSource | null} */
let source = null;
let last = '';
let tries = 0;
let timer = 0;
/** connecting, live or offline */
export let state = 'connecting';

/** @param {string} next */
function become(next) {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher(next);
}

/** @template T @param {Set<T>} set @param {T} member @returns {() => void} takes it out again */
function member(set, member) {
  set.add(member);
  return () => set.delete(member);
}

/** @param {(event: LiveEvent) => void} run */
export const onEvent = (run) => member(listeners, run);
/** What is true for a moment only. @param {(moment: Moment) => void} run */
export const onMoment = (run) => member(moments, run);
/** Called when events were missed. @param {() => void} run */
export const onResync = (run) => member(resyncs, run);
/** @param {(state: string) => void} run */
export const onState = (run) => member(watchers, run);

export function start() {
  stop();
  source = new EventSource(`/api/live/events${last ? `?after=${encodeURIComponent(last)}` : ''}`);
  source.addEventListener('hello', (event) => {
    last = event.lastEventId;
    tries = 0;
    become('live');
  });
  source.addEventListener('resync', (event) => {
    last = event.lastEventId;
    for (const run of resyncs) run();
  });
  source.addEventListener('moment', (event) => {
    const told = JSON.parse(event.data);
    for (const run of moments) run(told);
  });
  source.onmessage = (event) => {
    last = event.lastEventId;
    const told = JSON.parse(event.data);
    for (const run of listeners) run(told);
  };
  source.onerror = () => {
    become('offline');
    // The browser would try again by itself in some cases and in others not; one way is enough.
    stop();
    timer = setTimeout(again, Math.min(10_000, 400 * 2 ** tries++) * (0.75 + Math.random() / 2));
  };
}

async function again() {
  try {
    // Says whether it is the daemon that is away or the session.
    await call('GET', '/api/auth/me');
    become('connecting');
    start();
  } catch (error) {
    if (/** @type {any} */ (error).status === 401) return;
    timer = setTimeout(again, Math.min(10_000, 400 * 2 ** tries++));
  }
}

export function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** Tries at once, as when the network came back. */
export function retry() {
  if (state !== 'offline') return;
  clearTimeout(timer);
  tries = 0;
  again();
}

window.addEventListener('online', retry);

// A page that one leaves is kept for going back. Its stream would be one of the six connections that all pages of the
// box have together.
let isLeft = false;
window.addEventListener('pagehide', () => {
  isLeft = source !== null;
  stop();
});
window.addEventListener('pageshow', (event) => {
  if (event.persisted && isLeft) start();
});
