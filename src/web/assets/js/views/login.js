// The login: address and password, then the code of the second factor where there is one.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { login } from '../session.js';
import { field, gate, submit } from './gate.js';

/** @param {() => void} done */
export function loginPage(done) {
  const email = field('email', t('login.email'), { type: 'email', autocomplete: 'username' });
  const password = field('password', t('login.password'), { type: 'password', autocomplete: 'current-password' });
  const code = field('totp', t('login.code'), { inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 32, required: false }, t('login.code_hint'));
  const remember = h('p', { class: 'check' }, h('input', { type: 'checkbox', id: 'remember', name: 'remember' }), h('label', { for: 'remember' }, t('login.remember')));
  code.hidden = true;
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, enter); } },
    email, password, code, remember, h('p', { class: 'form-error', role: 'alert', hidden: true }), h('button', { class: 'primary wide' }, t('login.enter')));
  async function enter() {
    const given = new FormData(form);
    const totp = String(given.get('totp') || '').replaceAll(' ', '') || undefined;
    try {
      await login({ email: String(given.get('email')), password: String(given.get('password')), totp, remember: given.has('remember') });
    } catch (error) {
      const problem = /** @type {any} */ (error).problem;
      if (!problem?.totp_required || totp) throw error;
      for (const part of [email, password, remember]) part.hidden = true;
      code.hidden = false;
      const input = code.querySelector('input');
      input.required = true;
      input.focus();
      return;
    }
    done();
  }
  const page = gate(t('login.title'), form);
  queueMicrotask(() => email.querySelector('input').focus());
  return page;
}
