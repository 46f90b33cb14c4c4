// What is held of a person: found, given out, erased; what is kept how long; and the account of what was done.

import { get, post } from '../api.js';
import { fill, h } from '../dom.js';
import { counted, number, t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { fact, group, size, table } from '../parts/facts.js';
import { icon } from '../parts/icons.js';
import { channelWord } from '../parts/marks.js';
import { problem, toast } from '../parts/toast.js';
import { date, exact, since } from '../time.js';
import { field, submit } from './gate.js';

const AT_ONCE = 20;

export function privacy() {
  const found = h('div', { class: 'privacy-found', 'aria-live': 'polite' });
  const kept = h('div', {}, h('p', { class: 'hint' }, t('loading')));
  const done = h('section', { class: 'figure-group', 'aria-label': t('privacy.deeds') });
  const search = h('form', { class: 'privacy-search', role: 'search', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(search, find); } },
    field('who', t('privacy.who'), { maxlength: 254, dir: 'auto', autocomplete: 'off' }, t('privacy.who_hint')),
    h('p', { class: 'form-error', role: 'alert', hidden: true }), h('div', {}, h('button', { class: 'primary' }, icon('search'), t('privacy.find'))));

  async function find() {
    fill(found);
    const who = String(new FormData(search).get('who')).trim();
    const person = /** @type {Api.FoundView} */ (await post('/api/privacy/find', { who }));
    fill(found, card(who, person));
  }

  /** @param {string} who @param {Api.FoundView} person */
  const card = (who, person) => h('article', { class: 'rule-card' },
    h('header', {}, h('h2', { class: 'grow', dir: 'auto' }, person.called), person.contact && h('a', { href: `/contacts/${person.contact.id}` }, t('privacy.contact', { number: person.contact.id }))),
    h('p', { class: 'hint', dir: 'auto' }, person.contact ? person.contact.addresses.map((one) => one.shown).join(' · ') : t('privacy.no_contact')),
    h('dl', { class: 'figures' }, fact(t('privacy.tickets'), number(person.tickets)), fact(t('privacy.entries'), number(person.entries)), fact(t('privacy.files'), person.files ? `${number(person.files)} · ${size(person.file_bytes)}` : '0'), fact(t('privacy.ratings'), number(person.ratings)),
      person.first_at && fact(t('privacy.first'), date(person.first_at)), person.last_at && fact(t('privacy.last'), date(person.last_at))),
    person.ticket_numbers.length > 0 && h('p', { class: 'privacy-tickets' }, person.ticket_numbers.map((one) => h('a', { href: `/tickets/${one}?view=all&status=any` }, `#${one}`)), person.tickets > person.ticket_numbers.length && t('privacy.more', { count: number(person.tickets - person.ticket_numbers.length) })),
    h('footer', {}, h('button', { class: 'quiet', dataset: { act: 'export' }, onclick: () => giveOut(who, person) }, icon('download'), t('privacy.export')), h('button', { class: 'quiet', dataset: { act: 'erase' }, onclick: () => erase(who, person) }, icon('close'), t('privacy.erase'))));

  /**
   * A question for reason and password before it is done. @param {string} title @param {any[]} more @param {boolean} isDanger
   * @param {(given: { reason: string, password: string, confirm: string }) => Promise<void>} work
   */
  function asked(title, more, isDanger, work) {
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, async () => { await work(read()); dialog.close(); void load(); }); } },
      more, field('reason', t('privacy.reason'), { maxlength: 500, dir: 'auto', autocomplete: 'off' }, t('privacy.reason_hint')),
      field('password', t('account.current'), { type: 'password', autocomplete: 'current-password' }),
      h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: isDanger ? 'primary danger' : 'primary' }, title)));
    const text = (/** @type {string} */ name) => String(new FormData(form).get(name) ?? '');
    const read = () => ({ reason: text('reason').trim(), password: text('password'), confirm: text('confirm').trim() });
    const dialog = openDialog(title, [form], 'narrow');
    form.querySelector('input').focus();
    return form;
  }

  /** @param {string} who @param {Api.FoundView} person */
  function giveOut(who, person) {
    asked(t('privacy.export'), [h('p', {}, t('privacy.export_lead', { name: person.called }))], false, async ({ reason, password }) => {
      const all = await post('/api/privacy/export', { who, reason, password });
      const file = URL.createObjectURL(new Blob([JSON.stringify(all, null, 2)], { type: 'application/json' }));
      const name = `person-${person.contact?.id ?? 'unknown'}.json`;
      const link = h('a', { href: file, download: name, 'data-plain': true, hidden: true });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(file), 60_000);
      toast(t('privacy.exported'));
    });
  }

  /** Whoever erases types what they are called. @param {string} who @param {Api.FoundView} person */
  function erase(who, person) {
    const form = asked(t('privacy.erase'), [h('p', {}, counted('contacts.erase_lead', person.tickets)), field('confirm', t('contacts.erase_type', { name: person.called }), { dir: 'auto', autocomplete: 'off' })], true, async ({ reason, password, confirm }) => {
      const erased = /** @type {Api.ErasedView} */ (await post('/api/privacy/erase', { who, confirm, reason, password }));
      fill(found, h('p', { class: 'account-state is-on' }, icon('check'), erased.rewrite_owed ? t('contacts.erased_owed') : t('contacts.erased')));
      search.reset();
    });
    const check = () => { form.querySelector('button.primary').disabled = form.querySelector('#confirm').value.trim() !== person.called; };
    form.addEventListener('input', check);
    check();
  }

  /** @param {Api.RetentionView} rule */
  const scope = (rule) => [rule.channel ? channelWord(rule.channel) : t('privacy.every_channel'), rule.category ?? t('privacy.every_category'), counted('privacy.days', rule.days)];

  /** @param {Api.PrivacyView} told */
  const state = (told) => [
    group(t('privacy.kept'),
      fact(t('privacy.masked'), told.redact ? t('privacy.yes') : t('privacy.no')), fact(t('privacy.patterns'), number(told.patterns)), fact(t('privacy.encrypted'), told.encrypted ? t('privacy.yes') : t('privacy.no')),
      fact(t('privacy.due'), told.due === null || told.due === undefined ? t('admin.doubted') : `${number(told.due)}${told.due_more ? '+' : ''}`), fact(t('privacy.deleted'), number(told.deleted)), fact(t('privacy.last_deletion'), told.last_deletion ? since(told.last_deletion) : '–'),
      told.erasing > 0 && fact(t('privacy.erasing'), number(told.erasing)),
      told.rewrite_owed && fact(t('privacy.owed'), [t('privacy.owed_hint'), ' ', h('code', { dir: 'ltr' }, 'frontdesk compact')], true)),
    h('section', { class: 'figure-group', 'aria-label': t('privacy.retention') }, h('h2', {}, t('privacy.retention')),
      told.retention.length ? table(t('privacy.retention'), [t('privacy.channel'), t('ticket.category'), t('privacy.after')], told.retention.map(scope)) : h('p', { class: 'nothing' }, t('privacy.keeps_all')),
      h('p', { class: 'hint' }, t('admin.in_file'), ' ', h('code', { dir: 'ltr' }, '[[privacy.retention]] channel, category, days'), ' · ', h('code', { dir: 'ltr' }, '[privacy] redact, patterns'))),
  ];

  /** @param {Api.DeedView} deed */
  const line = (deed) => [h('time', { datetime: deed.at, title: exact(deed.at) }, date(deed.at)), t('privacy.deed.' + deed.what), deed.by || t('privacy.box'), deed.contact ? t('privacy.contact', { number: deed.contact }) : deed.tickets ? counted('privacy.count', deed.tickets) : '–', deed.reason || '–'];
  const heads = () => [t('admin.time'), t('admin.what'), t('admin.who'), t('admin.whom'), t('privacy.reason')];

  /** @param {Api.Deeds} page @returns {any[]} */
  const deeds = (page) => [table(t('privacy.deeds'), heads(), page.deeds.map(line)), page.next && h('button', { class: 'wide quiet', onclick: async (/** @type {Event} */ event) => {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    try {
      button.replaceWith(...deeds(await get(`/api/privacy/deeds?limit=${AT_ONCE}&before=${page.next}`)).filter(Boolean));
    } catch (error) {
      problem(error);
    }
  } }, t('contacts.more'))];

  async function load() {
    try {
      const [told, page] = /** @type {[Api.PrivacyView, Api.Deeds]} */ (await Promise.all([get('/api/privacy'), get(`/api/privacy/deeds?limit=${AT_ONCE}`)]));
      fill(kept, state(told));
      fill(done, h('h2', {}, t('privacy.deeds')), page.deeds.length ? deeds(page) : h('p', { class: 'nothing' }, t('privacy.no_deeds')));
    } catch (error) {
      fill(kept, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  void load();
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('privacy.title'))),
    h('section', { class: 'figure-group', 'aria-label': t('privacy.person') }, h('h2', {}, t('privacy.person')), search, found), kept, done);
}
