// The box itself: by which addresses channels reach it and whether something came, and how it is.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { number, t } from '../i18n.js';
import { copied } from './admin.js';
import { span } from './promise.js';

/** Doors: what is told of them under which name, and the address to give. @type {[string, string, string][]} */
const DOORS = [
  ['Baileys', 'baileys', '/webhook/baileys'],
  ['Evolution API', 'evolution', '/webhook/evolution'],
  ['Calls', 'calls', '/ingest/calls/SESSION'],
  ['Realtime', 'realtime', '/ingest/realtime'],
  ['Zendesk', 'zendesk', '/api/tickets/webhook/zendesk'],
  ['Intercom', 'intercom', '/api/tickets/webhook/intercom'],
  ['Chat', 'chat', '/api/public/tickets/from-chat'],
  ['Portal', 'portal', '/portal'],
];
const EVERY = 3_000;

/** @param {number | null | undefined} bytes */
const size = (bytes) => (bytes === null || bytes === undefined ? '–' : bytes < 1_048_576 ? `${number(Math.round(bytes / 1024))} KB` : bytes < 1_073_741_824 ? `${number(Math.round(bytes / 104_857.6) / 10)} MB` : `${number(Math.round(bytes / 107_374_182.4) / 10)} GB`);

/** Reads the state of the box for as long as its place is shown. @param {HTMLElement} place @param {(status: any) => void} draw */
async function watch(place, draw) {
  do {
    try {
      draw(await get('/api/system'));
    } catch (error) {
      fill(place, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
    await new Promise((done) => setTimeout(done, EVERY));
  } while (place.isConnected);
}

export function channels() {
  const place = h('div', { class: 'channel-list' });
  /** @type {Map<string, HTMLElement>} */
  const states = new Map();
  fill(place, DOORS.map(([name, door, path]) => {
    const state = h('span', { class: 'channel-state' });
    states.set(door, state);
    return h('section', { class: 'channel-line', dataset: { door } }, h('h2', {}, name), state, copied(`${location.protocol === 'https:' || !path.startsWith('/ingest') ? location.origin : location.origin.replace('http', 'ws')}${path}`));
  }));
  void watch(place, (status) => {
    for (const [door, state] of states) {
      const known = status.doors[door];
      const came = known && Object.values(known.outcomes).some((count) => count > 0);
      state.className = came ? 'channel-state came' : 'channel-state';
      state.textContent = came ? t('admin.last_event', { time: span(known.last_event) }) : t('admin.nothing_came');
    }
  });
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('admin.channels'))), h('p', { class: 'lead' }, t('admin.channels_lead')), place, h('p', { class: 'hint' }, t('admin.in_file'), ' ', h('code', {}, '[desk] name, color'), ' · ', h('code', {}, 'timezone'), ' · ', h('code', {}, '[[whatsapp.bridges]]'), ' · ', h('code', {}, '[webhooks]')));
}

export function system() {
  const place = h('div', {}, h('p', { class: 'hint' }, t('loading')));
  const fact = (/** @type {string} */ label, /** @type {any} */ value) => h('div', { class: 'figure' }, h('dt', {}, label), h('dd', { dir: 'auto' }, value));
  void watch(place, (status) => {
    const { store, clock } = status;
    fill(place, h('dl', { class: 'figures' },
      fact(t('ticket.status'), status.ready ? t('admin.ready') : status.reason), fact(t('admin.version'), status.version), fact(t('admin.uptime'), span(status.uptime)),
      fact(t('admin.memory'), size(status.memory)), store && [fact(t('admin.store'), size(store.size)), fact(t('admin.journal'), size(store.journal.size)), fact(t('admin.free'), size(store.free_space)), fact(t('admin.lag'), number(store.journal.to_replay)), fact(t('admin.checkpoint'), store.last_checkpoint === null ? '–' : span(store.last_checkpoint))],
      fact(t('admin.connections'), number(status.connections)), clock && fact(t('admin.clock'), clock.trusted ? t('admin.trusted') : t('admin.doubted')), status.audit && fact(t('admin.audit'), number(status.audit.rows))));
  });
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('admin.system'))), place);
}
