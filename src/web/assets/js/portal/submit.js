// A customer asks.

import { call } from '../api.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { field } from '../views/gate.js';
import { area, form, randomKey } from './form.js';

/** @param {(made: any) => void} done */
export function submitPage(done) {
  // Asked twice over a bad line it is one ticket.
  const key = randomKey();
  const workspace = new URLSearchParams(location.search).get('workspace_id') || undefined;
  const element = h('section', { class: 'card' }, h('h1', {}, t('portal.ask_title')), h('p', { class: 'lead' }, t('portal.ask_lead')),
    form(t('portal.send'), async (given) => {
      const text = (/** @type {string} */ name) => String(given.get(name) || '').trim();
      const body = { workspace_id: workspace, subject: text('subject'), description: text('description'), requester_email: text('requester_email'), requester_name: text('requester_name') || undefined };
      done(await call('POST', '/api/public/tickets', body, { silent: true, headers: { 'idempotency-key': key } }));
    },
    field('requester_name', t('portal.name'), { autocomplete: 'name', maxlength: 256, required: false, dir: 'auto' }),
    field('requester_email', t('login.email'), { type: 'email', autocomplete: 'email', maxlength: 254, inputmode: 'email' }, t('portal.email_hint')),
    field('subject', t('create.subject'), { maxlength: 200, dir: 'auto' }),
    area('description', t('portal.words'))));
  return { element, title: t('portal.ask'), close: null };
}
