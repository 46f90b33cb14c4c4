// One-time links: the first admin of a desk, and people who set their password themselves. The token stands behind
// the `#`, which no browser sends and no log sees; it is taken out of the address at once.

import { call } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { setUp } from '../session.js';
import { field, gate, submit } from './gate.js';

let token = '';

/** @param {(isFirst: boolean) => void} done whether it was the first account of the box @param {() => void} toLogin */
export function setupPage(done, toLogin) {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    history.replaceState(null, '', '/setup');
  }
  const place = h('div', {}, h('p', {}, t('loading')));
  const page = gate(t('setup.title'), place);
  void kindOf().then((kind) => fill(place, kind === 'none' ? useless() : form(kind === 'first')));

  /** What the link is for: without a password it is not used up, but tells. @returns {Promise<'none' | 'first' | 'known'>} */
  async function kindOf() {
    if (!token) return 'none';
    try {
      await call('POST', '/api/setup', { token, password: '' }, { silent: true });
    } catch (error) {
      const { status, problem } = /** @type {any} */ (error);
      if (status === 401) return 'none';
      return (problem.errors || []).some((/** @type {any} */ one) => one.field === 'name') ? 'first' : 'known';
    }
    return 'known';
  }

  /** @param {boolean} isFirst */
  function form(isFirst) {
    const element = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(element, make); } },
      isFirst && h('p', { class: 'lead' }, t('setup.lead')),
      isFirst && field('name', t('setup.name'), { autocomplete: 'name', maxlength: 100 }),
      isFirst && field('email', t('login.email'), { type: 'email', autocomplete: 'username' }),
      field('password', t('login.password'), { type: 'password', autocomplete: 'new-password', minlength: 10, maxlength: 256 }, t('setup.password_hint')),
      h('p', { class: 'form-error', role: 'alert', hidden: true }), h('button', { class: 'primary wide' }, isFirst ? t('setup.make') : t('setup.keep')));
    async function make() {
      const given = new FormData(element);
      const text = (/** @type {string} */ name) => (given.has(name) ? String(given.get(name)).trim() : undefined);
      const isIn = await setUp({ token, name: text('name'), email: text('email'), password: String(given.get('password')) });
      token = '';
      if (isIn) done(isFirst);
      else toLogin();
    }
    return element;
  }

  const useless = () => [h('p', {}, t('setup.no_token')), h('p', {}, h('a', { href: '/login' }, t('setup.to_login')))];
  return page;
}
