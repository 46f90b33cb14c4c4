// A customer looks for a ticket. Number and address of mail together tell how it stands, an address alone nothing, whoever
// asks (S3.43); what was said is shown by the ticket's own link only.

import { call, query } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { statusBadge } from '../parts/marks.js';
import { since } from '../time.js';
import { field } from '../views/gate.js';
import { form } from './form.js';

export function findPage() {
  const answer = h('div', { class: 'portal-answer', role: 'status' });
  const element = h('section', { class: 'card' }, h('h1', {}, t('portal.find_title')), h('p', { class: 'lead' }, t('portal.find_lead')),
    form(t('portal.find_action'), async (given) => {
      const { tickets } = await call('GET', `/api/public/tickets/lookup${query({ email: String(given.get('email') || '').trim(), ticket_number: String(given.get('ticket_number') || '').trim() })}`, undefined, { silent: true });
      fill(answer, tickets.map((/** @type {any} */ one) => h('div', { class: 'portal-found' }, h('strong', {}, one.ticket_number), statusBadge(one.status), since(one.updated_at))),
        h('p', {}, tickets.length ? t('portal.find_link') : t('portal.find_answer')));
    },
    field('email', t('login.email'), { type: 'email', autocomplete: 'email', maxlength: 254, inputmode: 'email' }),
    field('ticket_number', t('portal.number'), { required: false, maxlength: 64, placeholder: '#1001', dir: 'ltr' })), answer);
  return { element, title: t('portal.find'), close: null };
}
