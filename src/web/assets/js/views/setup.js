// The first start: the link of the installation makes the first admin. Its token stands behind the `#`, which no
// browser sends and no log sees; it is taken out of the address at once.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { setUp } from '../session.js';
import { field, gate, submit } from './gate.js';

let token = '';

/** @param {() => void} done */
export function setupPage(done) {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    history.replaceState(null, '', '/setup');
  }
  if (!token) {
    return gate(t('setup.title'), h('p', {}, t('setup.no_token')), h('pre', {}, 'frontdesk setup-link'), h('p', {}, h('a', { href: '/login' }, t('setup.to_login'))));
  }
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, make); } },
    field('place', t('setup.place'), { required: false, maxlength: 100, autocomplete: 'organization' }, t('setup.place_hint')),
    field('name', t('setup.name'), { autocomplete: 'name', maxlength: 100 }),
    field('email', t('login.email'), { type: 'email', autocomplete: 'username' }),
    field('password', t('login.password'), { type: 'password', autocomplete: 'new-password', minlength: 12 }, t('setup.password_hint')),
    h('p', { class: 'form-error', role: 'alert', hidden: true }), h('button', { class: 'primary wide' }, t('setup.make')));
  async function make() {
    const given = new FormData(form);
    const text = (/** @type {string} */ name) => String(given.get(name) || '').trim();
    await setUp({ token, name: text('name'), email: text('email'), password: String(given.get('password')), place: text('place') || undefined });
    token = '';
    done();
  }
  return gate(t('setup.title'), h('p', { class: 'lead' }, t('setup.lead')), form);
}
