// The mail that an entry came or went as: from whom, to whom, all of its text. It is read when somebody wants to see it.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';

/** @param {number} ticket @param {number} entry */
export function mailOf(ticket, entry) {
  const place = h('div', { class: 'mail' });
  let isRead = false;
  const read = async () => {
    if (isRead) return;
    isRead = true;
    fill(place, h('p', { class: 'hint' }, t('loading')));
    try {
      /** @type {Api.MailView} */
      const mail = await get(`/api/tickets/${ticket}/comments/${entry}/mail`);
      const line = (/** @type {string} */ name, /** @type {string} */ value) => value && [h('dt', {}, name), h('dd', { dir: 'auto' }, value)];
      fill(place, h('dl', {}, line(t('mail.from'), mail.from), line(t('mail.to'), mail.to.join(', ')), line(t('mail.cc'), mail.cc.join(', ')), line(t('create.subject'), mail.subject)),
        mail.full_text && h('pre', { class: 'mail-text', tabindex: 0, dir: 'auto' }, mail.full_text));
    } catch (error) {
      isRead = false;
      fill(place, h('p', { class: 'hint' }, /** @type {any} */ (error).status === 404 ? t('mail.none') : /** @type {Error} */ (error).message));
    }
  };
  return h('details', { class: 'mail-details', ontoggle: (/** @type {Event} */ event) => { if (/** @type {HTMLDetailsElement} */ (event.currentTarget).open) void read(); } }, h('summary', {}, t('mail.show')), place);
}
