// The box itself: by which addresses channels reach it and whether something came, and how it is.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { DOORS, addressOf } from '../doors.js';
import { number, t } from '../i18n.js';
import { copied } from './admin_form.js';
import { fact, group, size } from '../parts/facts.js';
import { icon } from '../parts/icons.js';
import { date, since } from '../time.js';
import { span } from './promise.js';

const EVERY = 3_000;

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
  fill(place, DOORS.map((one) => {
    const state = h('span', { class: 'channel-state' });
    states.set(one.door, state);
    return h('section', { class: 'channel-line', dataset: { door: one.door } }, h('h2', {}, one.label), state, copied(addressOf(one)));
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
  /** @param {Api.CertificateView} certificate */
  const certificateFacts = ({ subject, issuer, not_after, renews_at, state }) => [
    subject && fact(t('system.subject'), subject), issuer && fact(t('system.issuer'), issuer),
    not_after && fact(t('system.holds_until'), [date(not_after), state !== 'holds' && h('p', { class: 'figure-warning', role: 'status' }, icon('alert'), t('system.' + state))]),
    renews_at && fact(t('system.renews'), date(renews_at)),
  ];
  void watch(place, (status) => {
    const { store, clock, last_backup: backup, certificate } = status;
    // What somebody marks, to copy it, stays.
    if (place.contains(getSelection()?.anchorNode || null) && !getSelection()?.isCollapsed) return;
    fill(place,
      group(t('admin.system'), fact(t('ticket.status'), status.ready ? t('admin.ready') : status.reason), fact(t('admin.version'), status.version), fact(t('admin.uptime'), span(status.uptime)), fact(t('admin.memory'), size(status.memory)), fact(t('admin.connections'), number(status.connections)), clock && fact(t('admin.clock'), clock.trusted ? t('admin.trusted') : t('admin.doubted')), status.audit && fact(t('admin.audit'), number(status.audit.rows))),
      store && group(t('admin.store'), fact(t('admin.store'), size(store.size)), fact(t('admin.journal'), size(store.journal.size)), fact(t('admin.free'), size(store.free_space)), fact(t('admin.lag'), number(store.journal.to_replay)), fact(t('admin.checkpoint'), store.last_checkpoint === null ? '–' : span(store.last_checkpoint))),
      group(t('system.backups'), backup ? [fact(t('system.backup_at'), since(backup.at)), fact(t('system.backup_size'), size(backup.bytes)), fact(t('system.backup_to'), h('code', {}, backup.to), true)] : fact(t('ticket.status'), t('system.no_backup'), true)),
      h('p', { class: 'hint' }, t('system.backup_how'), ' ', h('code', { dir: 'ltr' }, '[backup] target'), ' · ', h('code', { dir: 'ltr' }, 'systemctl enable --now frontdesk-backup.timer')),
      group(t('system.certificate'), certificate ? [...certificateFacts(certificate), fact(t('system.fingerprint'), h('code', { dir: 'ltr' }, certificate.fingerprint), true), certificate.authority && fact(t('system.authority'), h('a', { href: '/ca.pem', download: 'frontdesk-ca.pem', 'data-plain': true }, t('system.download')))] : fact(t('ticket.status'), t('system.no_tls'), true)));
  });
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('admin.system'))), place);
}
