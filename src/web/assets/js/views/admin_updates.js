// What runs on the box and ran before, the copies from before upgrades, and how a newer package is put in.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { number, t } from '../i18n.js';
import { fact, group, size, table } from '../parts/facts.js';
import { date, exact, since } from '../time.js';
import { lines } from './admin_form.js';

/** @param {string} at */
const when = (at) => h('time', { datetime: at, title: exact(at) }, date(at));

/** @param {Api.UpdatesView} told */
const steps = ({ architecture }) => `sudo frontdesk backup /var/backups/frontdesk/\nsudo dpkg -i frontdesk_*_${architecture}.deb\nfrontdesk status`;

/** @param {string} directory @param {string} architecture */
const back = (directory, architecture) => `sudo systemctl stop frontdesk\ncd /var/lib/frontdesk && sudo mkdir newer && sudo mv store.redb journal newer/\nsudo mv ${directory}/store.redb ${directory}/journal .\nsudo dpkg -i frontdesk_OLDER_${architecture}.deb`;

export async function updates() {
  const told = /** @type {Api.UpdatesView} */ (await get('/api/system/updates'));
  const { copies, versions, last_backup: backup } = told;
  const part = (/** @type {string} */ name, /** @type {any[]} */ ...content) => h('section', { class: 'figure-group updates-part', 'aria-label': name }, h('h2', {}, name), content);
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('updates.title'))),
    group(t('updates.runs'), fact(t('admin.version'), told.version), told.commit && fact(t('updates.commit'), h('code', { dir: 'ltr' }, told.commit)), told.built_at && fact(t('updates.built'), when(told.built_at)), fact(t('updates.architecture'), told.architecture), fact(t('updates.format'), told.format ? number(told.format) : '–'), fact(t('updates.backup'), backup ? since(backup.at) : t('updates.no_backup'))),
    part(t('updates.how'), h('p', { class: 'hint' }, t('updates.how_lead')), lines(steps(told)), h('p', { class: 'hint' }, t('updates.how_after'))),
    part(t('updates.versions'), table(t('updates.versions'), [t('admin.version'), t('updates.format'), t('updates.since')], versions.map((one) => [one.commit ? `${one.version} (${one.commit})` : one.version, number(one.format), when(one.since)]))),
    part(t('updates.copies'), copies.length
      ? [table(t('updates.copies'), [t('updates.directory'), t('updates.size'), t('updates.made')], copies.map((one) => [h('code', { dir: 'ltr' }, one.directory), size(one.bytes), one.made_at ? when(one.made_at) : '–'])), h('p', { class: 'hint' }, t('updates.back_lead')), lines(back(copies[0].directory, told.architecture))]
      : h('p', { class: 'nothing' }, t('updates.no_copies'))));
}
