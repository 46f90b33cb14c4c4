// One's own account: the password, the second factor, and where one is logged in.

import { call, get, post } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { style } from '../pages.js';
import { openDialog, sure } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { avatar } from '../parts/marks.js';
import { qr } from '../parts/qr.js';
import { problem, toast } from '../parts/toast.js';
import { since } from '../time.js';
import { copied } from './admin_form.js';
import { field, submit } from './gate.js';
import { span } from './promise.js';

/** @type {[RegExp, string][]} The first that fits: browsers name those that they are like, too. */
const BROWSERS = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']];
/** @type {[RegExp, string][]} */
const SYSTEMS = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']];

/** "Firefox, Windows", or what a program calls itself. @param {string | null | undefined} client */
function called(client) {
  if (!client) return t('account.unknown_client');
  const first = (/** @type {[RegExp, string][]} */ of) => of.find(([sign]) => sign.test(client))?.[1];
  return client.startsWith('Mozilla/') ? [first(BROWSERS), first(SYSTEMS)].filter(Boolean).join(', ') || client : client;
}

/** @returns {import('../pages.js').Page} */
export default function accountPage() {
  const who = h('div', { class: 'account-who' });
  const second = h('div', {});
  const sessions = h('div', {});
  const part = (/** @type {string} */ title, /** @type {string} */ hint, /** @type {...any} */ ...content) => h('section', { class: 'account-part', 'aria-label': title }, h('h2', {}, title), hint && h('p', { class: 'hint' }, hint), content);
  const element = h('section', { class: 'account', 'aria-labelledby': 'account-heading' }, h('h1', { id: 'account-heading' }, t('account.title')), who,
    part(t('account.password'), t('account.password_hint'), passwordForm()),
    part(t('account.second'), t('account.second_hint'), second),
    part(t('account.sessions'), t('account.sessions_hint'), sessions));
  void style('admin');

  async function load() {
    try {
      const [{ agent }, known] = /** @type {[Api.Me, Api.Sessions]} */ (await Promise.all([get('/api/auth/me'), get('/api/auth/sessions')]));
      if (!agent) return;
      fill(who, avatar(agent.name, 'large'), h('div', {}, h('strong', { dir: 'auto' }, agent.name), h('p', { class: 'hint', dir: 'ltr' }, [agent.email, t('role.' + agent.role)].filter(Boolean).join(' · '))));
      fill(second, agent.totp
        ? [h('p', { class: 'account-state is-on' }, icon('lock'), t('account.second_on')), h('button', { dataset: { act: 'second-off' }, onclick: () => takeAway() }, t('account.second_off'))]
        : h('button', { dataset: { act: 'second-on' }, onclick: () => setUp() }, icon('lock'), t('account.second_set_up')));
      fill(sessions, h('ul', { class: 'account-sessions' }, known.sessions.map(line)), known.sessions.length > 1 && h('button', { dataset: { act: 'end-others' }, onclick: () => void end('/api/auth/sessions', t('account.end_others')) }, t('account.end_others')));
    } catch (error) {
      problem(error);
    }
  }

  function passwordForm() {
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, keep); } },
      field('current', t('account.current'), { type: 'password', autocomplete: 'current-password' }),
      field('new', t('account.new'), { type: 'password', autocomplete: 'new-password', minlength: 10, maxlength: 256 }, t('setup.password_hint')),
      h('p', { class: 'form-error', role: 'alert', hidden: true }), h('button', { class: 'primary' }, t('account.keep')));
    async function keep() {
      const given = new FormData(form);
      await post('/api/auth/password', { current: String(given.get('current')), new: String(given.get('new')) });
      form.reset();
      toast(t('account.password_kept'));
      void load();
    }
    return form;
  }

  /** @param {Api.SessionView} session */
  const line = (session) => h('li', {}, icon(session.kind === 'cookie' ? 'keyboard' : 'link'),
    h('div', { class: 'grow' }, h('span', { class: 'account-client', dir: 'auto', title: session.client || '' }, called(session.client)),
      h('p', { class: 'hint' }, session.address && h('span', { dir: 'ltr' }, session.address), ' · ', since(session.began_at), !session.current && [' · ', t('account.idle', { time: span(session.idle_seconds) })])),
    session.current ? h('span', { class: 'badge' }, t('account.this_one')) : h('button', { class: 'quiet', onclick: () => void end(`/api/auth/sessions/${session.id}`, t('account.end')) }, t('account.end')));

  /** @param {string} path @param {string} what */
  async function end(path, what) {
    if (!(await sure(what))) return;
    try {
      await call('DELETE', path);
      toast(t('admin.done'));
    } catch (error) {
      problem(error);
    }
    void load();
  }

  /** A question for the password, and what is done with it. @param {string} title @param {string} action @param {(password: string) => Promise<void>} work */
  function confirmed(title, action, work) {
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, async () => { await work(String(new FormData(form).get('password'))); dialog.close(); }); } },
      field('password', t('account.current'), { type: 'password', autocomplete: 'current-password' }), h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, action)));
    const dialog = openDialog(title, [form], 'narrow');
    form.querySelector('input').focus();
  }

  const takeAway = () => confirmed(t('account.second_off'), t('account.second_off'), async (password) => {
    await call('DELETE', '/api/auth/totp', { password });
    void load();
  });

  const setUp = () => confirmed(t('account.second_set_up'), t('account.next'), async (password) => {
    /** @type {Api.Offered} */
    const offered = await post('/api/auth/totp', { password });
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, confirm); } },
      h('p', {}, t('account.second_scan')), qr(offered.uri, t('account.second_picture')), h('p', {}, t('account.second_type')), copied(offered.secret), h('p', { class: 'hint' }, h('a', { href: offered.uri, 'data-plain': true }, t('account.second_open'))),
      field('code', t('login.code'), { inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 16 }), h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('account.second_confirm'))));
    const dialog = openDialog(t('account.second_set_up'), [form], 'narrow');
    async function confirm() {
      /** @type {Api.RecoveryCodes} */
      const { recovery_codes: codes } = await post('/api/auth/totp/confirm', { code: String(new FormData(form).get('code')).replaceAll(' ', '') });
      dialog.close();
      openDialog(t('account.recovery'), [h('p', {}, t('account.recovery_hint')), copied(codes.join('  '))], 'narrow');
      void load();
    }
    form.querySelector('#code').focus();
  });

  return { element, show: () => void load(), close: () => {} };
}
