// A customer's ticket: what was said, a reply, and in the end how it was.

import { Refused, call, query } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { statusBadge } from '../parts/marks.js';
import { clock, day } from '../time.js';
import { area, form, randomKey } from './form.js';

/** How often an open page asks what is new. */
const EVERY = 20_000;
const STARS = [1, 2, 3, 4, 5];

/** @param {string} id @param {string} token */
export function ticketPage(id, token) {
  const path = `/api/public/tickets/${encodeURIComponent(id)}`;
  const head = h('div', { class: 'portal-ticket-head' });
  const said = h('ol', { class: 'portal-talk', 'aria-label': t('timeline.label') });
  const below = h('div', { class: 'portal-below' });
  const element = h('section', { class: 'card portal-ticket' }, head, said, below);
  const headers = { authorization: `Bearer ${token}` };
  let shown = '';
  let ended = '';
  let timer = 0;
  let key = randomKey();

  async function read() {
    clearTimeout(timer);
    if (!token) return nothing();
    try {
      const entries = [];
      let ticket = null;
      for (let after = 0; ; ) {
        ticket = await call('GET', `${path}${query({ after: after || '', limit: 100 })}`, undefined, { silent: true, headers });
        entries.push(...ticket.timeline);
        if (!ticket.next) break;
        after = ticket.next;
      }
      draw(ticket, entries);
    } catch (error) {
      if ([401, 404].includes(/** @type {any} */ (error).status)) return nothing();
      if (!shown) fill(head, h('p', {}, t('app.unreachable')), h('button', { onclick: () => void read() }, t('app.again')));
    }
    timer = setTimeout(() => void (document.hidden ? again() : read()), EVERY);
  }
  const again = () => {
    timer = setTimeout(() => void read(), EVERY);
  };

  function nothing() {
    fill(head, h('h1', {}, t('portal.no_ticket')), h('p', { class: 'lead' }, t('portal.no_ticket_hint')), h('p', {}, h('a', { href: '/portal/find' }, t('portal.find'))));
    fill(said);
    fill(below);
  }

  /** @param {any} ticket @param {any[]} entries */
  function draw(ticket, entries) {
    const now = JSON.stringify([ticket.status, entries]);
    if (now !== shown) {
      shown = now;
      fill(head, h('h1', { dir: 'auto' }, ticket.subject || ticket.ticket_number), h('p', { class: 'portal-facts' }, h('span', {}, ticket.ticket_number), statusBadge(ticket.status)), h('p', { class: 'hint' }, t('portal.keep_link')));
      fill(said, entries.map((entry) => h('li', { class: entry.speaker === 'user' ? 'portal-said own' : 'portal-said' }, h('span', { class: 'portal-who', dir: 'auto' }, entry.speaker === 'user' ? t('portal.you') : entry.author || t('speaker.' + entry.speaker)),
        h('div', { class: 'portal-words', dir: 'auto' }, entry.body),
        (entry.attachments || []).map((/** @type {any} */ file) => h('button', { class: 'link', type: 'button', onclick: () => void open(file) }, icon('clip'), h('bdi', {}, file.file_name))),
        h('time', { datetime: entry.at, title: day(entry.at) }, `${day(entry.at)}, ${clock(entry.at)}`))));
    }
    const end = `${ticket.may_be_rated} ${ticket.rating}`;
    if (end === ended && below.childElementCount) return;
    ended = end;
    fill(below, ticket.may_be_rated && rating(ticket.rating), reply());
  }

  const reply = () => form(t('portal.reply_send'), async (given) => {
    const body = String(given.get('body') || '').trim();
    const files = given.getAll('file').filter((file) => file instanceof File && file.size > 0);
    const told = files.length
      ? await sendFiles(given)
      : await call('POST', `${path}/reply`, { body }, { silent: true, headers: { ...headers, 'idempotency-key': key } });
    key = randomKey();
    ended = '';
    fill(below);
    // It may have become another ticket, which the same link opens.
    if (told.ticket.id !== id && PATH_ID.test(id)) location.replace(`/portal/tickets/${told.ticket.id}#${token}`);
    else await read();
  }, area('body', t('portal.reply'), { rows: 3 }), h('div', { class: 'field' }, h('label', { for: 'file' }, t('portal.files')), h('input', { id: 'file', name: 'file', type: 'file', multiple: true })));

  /** Files go with the words, as a form. @param {FormData} given */
  async function sendFiles(given) {
    const answer = await fetch(`${path}/attachments`, { method: 'POST', headers, body: given }).catch((error) => {
      throw new Refused(0, { detail: String(error) });
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, told);
    return told;
  }

  /** @param {number | null} given */
  function rating(given) {
    const words = h('p', { class: 'portal-thanks', role: 'status' }, given ? t('portal.rated') : '');
    const group = h('fieldset', { class: 'stars' }, h('legend', {}, t('portal.rate')), STARS.map((star) => h('label', {}, h('input', { type: 'radio', name: 'rating', value: star, required: true, checked: star === given }), h('span', { class: 'star' }, icon('star')), h('span', { class: 'only-read' }, t('portal.stars', { count: star })))));
    return h('div', { class: 'rate' }, form(t('portal.rate_send'), async (form_) => {
      await call('POST', `${path}/satisfaction`, { rating: Number(form_.get('rating')), feedback: String(form_.get('feedback') || '').trim() || undefined }, { silent: true, headers });
      words.textContent = t('portal.rated');
    }, group, area('feedback', t('portal.feedback'), { rows: 2, required: false, maxlength: 2000 })), words);
  }

  /** A link cannot show the token, so the file is read here and handed on. @param {any} file */
  async function open(file) {
    const answer = await fetch(`${path}/attachments/${file.id}`, { headers }).catch(() => null);
    if (!answer?.ok) return;
    const link = h('a', { href: URL.createObjectURL(await answer.blob()), download: file.file_name, hidden: true, target: '_self' });
    document.body.append(link);
    link.click();
    setTimeout(() => {
      URL.revokeObjectURL(link.href);
      link.remove();
    }, 10_000);
  }

  void read();
  return { element, title: t('portal.ticket'), close: () => clearTimeout(timer) };
}

/** How a page names a ticket, when it does so by its id. */
const PATH_ID = /^[0-9a-f-]{36}$/;
