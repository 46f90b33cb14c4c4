// A ticket made by hand, for somebody who is known or is not (S2.39, S2.43, S2.44).

import { get, post } from '../api.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { PRIORITIES, priorityWord } from '../parts/marks.js';
import { toast } from '../parts/toast.js';
import { field, submit } from './gate.js';

const MAX_SUBJECT = 200;
const GENERAL = 'general_inquiry';

/**
 * @param {{ contact?: any, subject?: string, description?: string, done: (made: any) => void }} how `contact` as the
 *   API shows one
 */
export async function createTicket({ contact, subject = '', description = '', done }) {
  const { categories } = await get('/api/tickets/categories').catch(() => ({ categories: [] }));
  const choice = (/** @type {string} */ name, /** @type {string} */ label, /** @type {[string, string][]} */ options, /** @type {string} */ value) => h('div', { class: 'field' }, h('label', { for: `create-${name}` }, label), h('select', { id: `create-${name}`, name }, options.map(([id, word]) => h('option', { value: id, selected: id === value }, word))), h('p', { class: 'field-error', id: `${name}-error`, hidden: true }));
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
    field('subject', t('create.subject'), { maxlength: MAX_SUBJECT, value: subject.slice(0, MAX_SUBJECT), dir: 'auto' }),
    h('div', { class: 'field' }, h('label', { for: 'create-description' }, t('details.description')), h('textarea', { id: 'create-description', name: 'description', rows: 5, required: true, maxlength: 10_000, dir: 'auto', value: description }), h('p', { class: 'field-error', id: 'description-error', hidden: true })),
    h('div', { class: 'field-row' },
      choice('category', t('ticket.category'), [.../** @type {any[]} */ (categories).map((one) => /** @type {[string, string]} */ ([one.id, one.name])), ...(categories.some((/** @type {any} */ one) => one.id === GENERAL) ? [] : [/** @type {[string, string]} */ (['', t('ticket.none')])])], GENERAL),
      choice('priority', t('ticket.priority'), PRIORITIES.map((one) => /** @type {[string, string]} */ ([one, priorityWord(one)])), 'medium')),
    h('div', { class: 'field-row' },
      field('requester_name', t('contacts.name'), { value: contact?.name || '', required: false, maxlength: 256, dir: 'auto' }),
      field('requester_email', t('login.email'), { type: 'email', value: contact?.email || '', required: !contact?.phone, maxlength: 254 }),
      field('requester_phone', t('contacts.phone'), { type: 'tel', value: contact?.phone || '', required: false, maxlength: 32 })),
    field('tags', t('details.tags'), { required: false, dir: 'auto' }, t('contacts.tags_hint')),
    h('p', { class: 'form-error', role: 'alert', hidden: true }),
    h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('create.make'))));
  const dialog = openDialog(t('create.title'), [form]);
  /** @type {HTMLElement} */ (form.querySelector('#subject')).focus();

  async function work() {
    const given = new FormData(form);
    const text = (/** @type {string} */ name) => String(given.get(name) || '').trim();
    const optional = (/** @type {string} */ name) => text(name) || undefined;
    const body = { subject: text('subject'), description: text('description'), category: optional('category'), priority: text('priority'), requester_name: optional('requester_name'), requester_email: optional('requester_email'), requester_phone: text('requester_phone').replace(/\D/g, '') || undefined, tags: text('tags').split(';').map((tag) => tag.trim()).filter(Boolean) };
    const made = await post('/api/tickets', body);
    dialog.close();
    toast(t('create.made', { number: made.number }));
    done(made);
  }
}
