// Contacts: who they are, what was with them, and the way to a new ticket (S2.43 to S2.45).

import { call, get, patch, post, query } from '../api.js';
import { debounced, fill, h } from '../dom.js';
import { counted, number, t } from '../i18n.js';
import { onEvent } from '../live.js';
import { style } from '../pages.js';
import { openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { avatar, channelMark, channelWord, priorityBadge, statusBadge } from '../parts/marks.js';
import { problem, toast } from '../parts/toast.js';
import { go } from '../router.js';
import { isSupervisor, me } from '../session.js';
import { clock, day, since } from '../time.js';
import { tableTools } from './contacts_table.js';
import { createTicket } from './create.js';
import { field, submit } from './gate.js';

const PAGE = 50;

/** @returns {import('../pages.js').Page} */
export default function contactsPage() {
  const search = h('input', { type: 'search', class: 'search', placeholder: t('contacts.search'), 'aria-label': t('contacts.search'), maxlength: 200, dir: 'auto' });
  const vip = h('button', { class: 'quiet', 'aria-pressed': 'false', onclick: () => { vip.setAttribute('aria-pressed', String(vip.getAttribute('aria-pressed') !== 'true')); void list(1); } }, icon('star'), t('contacts.vip'));
  const rows = h('ul', { class: 'contact-rows' });
  const state = h('p', { class: 'hint', role: 'status' });
  const more = h('button', { class: 'wide quiet', hidden: true, onclick: () => void list(page + 1) }, t('contacts.more'));
  const left = h('section', { class: 'contact-list', 'aria-label': t('contacts.title') },
    h('header', { class: 'list-head' }, h('div', { class: 'contact-head' }, h('h1', { class: 'list-heading grow' }, t('contacts.title')), isSupervisor() && tableTools(() => void list(1)), h('button', { class: 'quiet', onclick: () => make() }, t('contacts.new'))),
      h('div', { class: 'search-box' }, icon('search'), search), h('div', { class: 'list-tools' }, state, h('span', { class: 'grow' }), vip)), h('div', { class: 'contact-scroll', tabindex: -1 }, rows, more));
  const right = h('section', { class: 'contact-page', 'aria-label': t('contacts.one') });
  const element = h('div', { class: 'contacts' }, left, right);
  void style('contacts');
  let page = 1;
  let asked = 0;
  /** @type {number | null} */
  let current = null;
  let tab = 'tickets';

  /** @param {number} next */
  async function list(next) {
    const of = ++asked;
    page = next;
    try {
      const found = await get(`/api/contacts${query({ q: search.value.trim(), vip: vip.getAttribute('aria-pressed') === 'true' ? 'true' : '', page, limit: PAGE })}`);
      if (of !== asked) return;
      const lines = found.contacts.map((/** @type {any} */ one) => h('li', {}, h('a', { href: `/contacts/${one.id}`, class: 'contact-row', dataset: { id: one.id } }, avatar(nameOf(one)),
        h('span', { class: 'contact-words' }, h('span', { class: 'contact-name', dir: 'auto' }, nameOf(one), one.vip && h('span', { class: 'vip', title: t('contacts.vip') }, icon('star'), h('span', { class: 'only-read' }, t('contacts.vip')))),
          h('span', { class: 'hint', dir: 'ltr' }, reach(one))), one.open_tickets > 0 && h('span', { class: 'count', title: t('contacts.open', { count: one.open_tickets }) }, number(one.open_tickets)))));
      if (page === 1) fill(rows, lines);
      else rows.append(...lines);
      more.hidden = page >= found.pagination.totalPages;
      state.textContent = counted('contacts.count', found.pagination.total);
      mark();
    } catch (error) {
      problem(error);
    }
  }

  function mark() {
    for (const link of rows.querySelectorAll('a')) {
      if (Number(link.dataset.id) === current) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  /** @param {number} id */
  async function open(id) {
    current = id;
    mark();
    try {
      const one = await get(`/api/contacts/${id}`);
      if (current !== id) return;
      draw(one);
    } catch (error) {
      if (current === id) fill(right, h('div', { class: 'ticket-none' }, h('p', {}, /** @type {any} */ (error).message), h('a', { href: '/contacts' }, t('contacts.back'))));
    }
  }

  /** @param {Api.ContactDetail} one */
  function draw(one) {
    const body = h('div', { class: 'contact-body', role: 'tabpanel', tabindex: 0, 'aria-labelledby': `contact-tab-${tab}` });
    const tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('contacts.one') });
    const words = { tickets: t('contacts.tickets'), timeline: t('contacts.timeline') };
    /** @param {string} next @param {boolean} [focus] */
    const turn = (next, focus = false) => {
      tab = next;
      body.setAttribute('aria-labelledby', `contact-tab-${tab}`);
      fill(tabs, Object.entries(words).map(([name, word]) => h('button', { role: 'tab', id: `contact-tab-${name}`, 'aria-selected': String(name === tab), tabindex: name === tab ? 0 : -1, onclick: () => turn(name), onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key.startsWith('Arrow')) turn(name === 'tickets' ? 'timeline' : 'tickets', true); } }, word)));
      if (focus) /** @type {any} */ (tabs.querySelector('[aria-selected="true"]')).focus();
      fill(body, h('p', { class: 'hint' }, t('loading')));
      void (tab === 'tickets' ? ticketsOf(one, body) : timelineOf(one, body)).catch(problem);
    };
    const figure = (/** @type {string} */ label, /** @type {any} */ value) => h('div', { class: 'figure' }, h('dt', {}, label), h('dd', {}, value));
    const line = (/** @type {string} */ label, /** @type {any[]} */ ...value) => h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, value));
    fill(right,
      h('header', { class: 'contact-top' },
        h('a', { class: 'button quiet icon-only contact-back', href: '/contacts', 'aria-label': t('contacts.back') }, icon('back', 'turns')),
        avatar(nameOf(one), 'large'),
        h('div', { class: 'grow' }, h('h2', { dir: 'auto' }, nameOf(one)), h('p', { class: 'hint', dir: 'ltr' }, reach(one))),
        h('div', { class: 'contact-actions' },
          h('button', { class: 'quiet', 'aria-pressed': String(one.vip), onclick: () => void change(one, { vip: !one.vip }) }, icon('star'), t('contacts.vip')),
          h('button', { class: 'quiet', onclick: () => edit(one) }, icon('note'), t('contacts.edit')),
          isSupervisor() && h('button', { class: 'quiet', onclick: () => mergeWith(one) }, icon('swap'), t('contacts.merge')),
          isSupervisor() && one.addresses.length > 1 && h('button', { class: 'quiet', onclick: () => splitOff(one) }, t('contacts.split')),
          me().role === 'admin' && h('button', { class: 'quiet', dataset: { act: 'erase' }, onclick: () => erase(one) }, t('contacts.erase')),
          h('button', { class: 'primary', onclick: () => createTicket({ contact: one, done: (made) => go(`/tickets/${made.number}`) }) }, t('create.title')))),
      h('dl', { class: 'figures' }, figure(t('contacts.tickets'), number(one.tickets)), figure(t('contacts.open_label'), number(one.open_tickets)),
        figure(t('contacts.satisfaction'), typeof one.satisfaction.average === 'number' ? `${number(one.satisfaction.average)} / 5` : '–'),
        figure(t('contacts.last_seen'), one.last_seen_at ? since(one.last_seen_at) : '–')),
      h('dl', { class: 'facts contact-facts' },
        line(t('contacts.addresses'), h('ul', { class: 'address-list' }, one.addresses.map((address) => h('li', { dir: 'ltr' }, address.shown)))),
        one.language && line(t('contacts.language'), one.language),
        one.tags.length > 0 && line(t('details.tags'), h('span', { class: 'tags' }, one.tags.map((tag) => h('span', { class: 'tag plain', dir: 'auto' }, tag)))),
        Object.entries(one.attributes).map(([name, value]) => h('div', { class: 'fact attribute' }, h('dt', { dir: 'auto' }, name), h('dd', { dir: 'auto' }, value))),
        one.notes && line(t('contacts.notes'), h('span', { class: 'prose', dir: 'auto' }, one.notes))),
      tabs, body);
    turn(tab);
  }

  /** @param {Api.ContactDetail} one @param {Record<string, any>} changes */
  async function change(one, changes) {
    draw({ ...one, ...changes });
    try {
      draw(await patch(`/api/contacts/${one.id}`, changes));
    } catch (error) {
      draw(one);
      problem(error);
    }
  }

  /** A form for what is known of somebody. @param {string} title @param {any} one @param {(body: any) => Promise<any>} send */
  function dialogOf(title, one, send) {
    const area = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ hint) => h('div', { class: 'field' }, h('label', { for: `contact-${name}` }, label), h('textarea', { id: `contact-${name}`, name, rows: 3, dir: 'auto', value }), hint && h('p', { class: 'hint' }, hint), h('p', { class: 'field-error', id: `${name}-error`, hidden: true }));
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
      field('name', t('contacts.name'), { value: one?.name || '', maxlength: 64, required: false, dir: 'auto' }),
      field('phone', one ? t('contacts.add_phone') : t('contacts.phone'), { type: 'tel', required: false, maxlength: 32 }),
      field('email', one ? t('contacts.add_email') : t('login.email'), { type: 'email', required: false, maxlength: 254 }),
      field('language', t('contacts.language'), { value: one?.language || '', required: false, maxlength: 35, placeholder: 'es-MX' }),
      field('tags', t('details.tags'), { value: (one?.tags || []).join('; '), required: false, dir: 'auto' }, t('contacts.tags_hint')),
      area('attributes', t('contacts.attributes'), Object.entries(one?.attributes || {}).map(([name, value]) => `${name}: ${value}`).join('\n'), t('contacts.attributes_hint')),
      area('notes', t('contacts.notes'), one?.notes || '', ''),
      h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('contacts.save'))));
    const dialog = openDialog(title, [form]);
    async function work() {
      const given = new FormData(form);
      const text = (/** @type {string} */ name) => String(given.get(name) || '').trim();
      /** @type {Record<string, string | null>} */
      const attributes = Object.fromEntries(Object.keys(one?.attributes || {}).map((name) => [name, null]));
      for (const line of text('attributes').split('\n')) {
        const at = line.indexOf(':');
        if (at > 0) attributes[line.slice(0, at).trim()] = line.slice(at + 1).trim();
      }
      const body = { phone: text('phone') || undefined, email: text('email') || undefined, language: text('language') || null, tags: text('tags').split(';').map((tag) => tag.trim()).filter(Boolean), attributes, notes: text('notes') || null };
      const made = await send(text('name') === (one?.name || '') ? body : { ...body, name: text('name') || null });
      dialog.close();
      toast(t('contacts.saved'));
      void list(1);
      go(`/contacts/${made.id}`);
    }
  }

  const make = () => dialogOf(t('contacts.new'), null, (body) => post('/api/contacts', body));
  /** @param {Api.ContactDetail} one */
  const edit = (one) => dialogOf(t('contacts.edit'), one, (body) => patch(`/api/contacts/${one.id}`, body));

  /** @param {Api.ContactDetail} one */
  function mergeWith(one) {
    const found = h('ul', { class: 'contact-rows merge-rows' });
    const input = h('input', { type: 'search', id: 'merge-search', dir: 'auto', maxlength: 200 });
    const dialog = openDialog(t('contacts.merge'), [h('form', { onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, h('label', { for: 'merge-search' }, t('contacts.merge_with', { name: nameOf(one) })), input, found)], 'narrow');
    input.addEventListener('input', debounced(250, async () => {
      const answer = await get(`/api/contacts${query({ q: input.value.trim(), limit: 8 })}`).catch(() => ({ contacts: [] }));
      fill(found, answer.contacts.filter((/** @type {any} */ other) => other.id !== one.id).map((/** @type {any} */ other) => h('li', {}, h('button', { class: 'contact-row wide', onclick: async () => {
        try {
          await post(`/api/contacts/${one.id}/merge`, { into: other.id });
          dialog.close();
          toast(t('contacts.merged'));
          void list(1);
          go(`/contacts/${other.id}`);
        } catch (error) {
          problem(error);
        }
      } }, avatar(nameOf(other)), h('span', { class: 'contact-words' }, h('span', { dir: 'auto' }, nameOf(other)), h('span', { class: 'hint', dir: 'ltr' }, reach(other)))))));
    }));
    input.focus();
  }

  /** Their words, names and addresses go for good; whoever asks for it types what they are called. @param {Api.ContactDetail} one */
  function erase(one) {
    const called = nameOf(one);
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } }, h('p', {}, counted('contacts.erase_lead', one.tickets)),
      field('called', t('contacts.erase_type', { name: called }), { dir: 'auto', autocomplete: 'off' }), h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary danger', disabled: true }, t('contacts.erase'))));
    form.addEventListener('input', () => { form.querySelector('button.primary').disabled = form.querySelector('#called').value.trim() !== called.trim(); });
    const dialog = openDialog(t('contacts.erase'), [form], 'narrow');
    async function work() {
      /** @type {Api.ErasedView} */
      const { rewrite_owed: isOwed } = await call('DELETE', `/api/contacts/${one.id}?erase=true`);
      dialog.close();
      toast(isOwed ? t('contacts.erased_owed') : t('contacts.erased'), { keep: 12_000 });
      void list(1);
      go('/contacts');
    }
  }

  /** @param {Api.ContactDetail} one */
  function splitOff(one) {
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } }, h('p', {}, t('contacts.split_lead')),
      one.addresses.map((address, at) => h('p', { class: 'check' }, h('input', { type: 'checkbox', id: `split-${at}`, name: 'address', value: address.address }), h('label', { for: `split-${at}`, dir: 'ltr' }, address.shown))),
      field('name', t('contacts.name'), { required: false, maxlength: 64, dir: 'auto' }), h('p', { class: 'field-error', id: 'addresses-error', hidden: true }), h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { class: 'primary' }, t('contacts.split'))));
    const dialog = openDialog(t('contacts.split'), [form], 'narrow');
    async function work() {
      const given = new FormData(form);
      const made = await post(`/api/contacts/${one.id}/split`, { addresses: given.getAll('address').map(String), name: String(given.get('name') || '').trim() || undefined });
      dialog.close();
      void list(1);
      go(`/contacts/${made.id}`);
    }
  }

  search.addEventListener('input', debounced(250, () => void list(1)));
  const stop = onEvent((event) => {
    if (current !== null && /^(ticket\.(created|updated|status)|contact)/.test(event.event)) soon();
  });
  const soon = debounced(1_000, () => { if (current !== null) void open(current); });

  return {
    element,
    show(path) {
      const found = /^\/contacts\/(\d+)$/.exec(path);
      element.classList.toggle('has-contact', Boolean(found));
      if (!rows.childElementCount) void list(1);
      if (found) void open(Number(found[1]));
      else {
        current = null;
        mark();
        fill(right, h('div', { class: 'ticket-none' }, h('p', {}, t('contacts.choose'))));
      }
    },
    close() {
      stop();
      soon.cancel();
    },
  };
}

/** @param {Api.ContactView} one */
const nameOf = (one) => one.name || (one.phone ? `+${one.phone}` : one.email) || t('ticket.unknown_person');
/** @param {Api.ContactView} one */
const reach = (one) => [one.phone && `+${one.phone}`, one.email].filter(Boolean).join(' · ');

/** @param {Api.ContactDetail} one @param {HTMLElement} place */
async function ticketsOf(one, place) {
  const { tickets } = await get(`/api/contacts/${one.id}/tickets?limit=100`);
  fill(place, tickets.length ? h('ul', { class: 'related-list' }, tickets.map((/** @type {any} */ ticket) => h('li', {}, h('a', { href: `/tickets/${ticket.number}` }, statusBadge(ticket.status), h('span', { class: 'grow', dir: 'auto' }, ticket.subject || channelWord(ticket.channel)), priorityBadge(ticket.priority, { words: false }), channelMark(ticket.channel), h('span', { class: 'row-number' }, `#${ticket.number}`), since(ticket.updated_at))))) : h('p', { class: 'nothing' }, t('related.none')));
}

/** @param {Api.ContactDetail} one @param {HTMLElement} place @param {number} [before] */
async function timelineOf(one, place, before) {
  const { chapters, next } = await get(`/api/contacts/${one.id}/timeline${query({ before })}`);
  if (!before) fill(place, await modesOf(one));
  place.querySelector('.contact-more')?.remove();
  if (!chapters.length) return void place.append(h('p', { class: 'nothing' }, t('timeline.empty')));
  for (const { ticket, entries, earlier } of chapters) {
    place.append(h('section', { class: 'chapter' }, h('h3', {}, h('a', { href: `/tickets/${ticket.number}` }, channelMark(ticket.channel), `#${ticket.number}`, ' ', h('span', { dir: 'auto' }, ticket.subject || channelWord(ticket.channel))), statusBadge(ticket.status)),
      earlier > 0 && h('p', { class: 'hint' }, t('contacts.earlier', { count: number(earlier) })),
      entries.filter((/** @type {any} */ entry) => entry.body).map((/** @type {any} */ entry) => h('div', { class: `said said-${entry.kind === 'message' ? entry.speaker : entry.kind}` }, h('span', { class: 'said-who', dir: 'auto' }, entry.author || t('speaker.' + entry.speaker)), h('span', { class: 'words', dir: 'auto' }, entry.deleted_at ? t('timeline.deleted') : entry.body), h('time', { datetime: entry.at, title: day(entry.at) }, clock(entry.at))))));
  }
  if (next) place.append(h('button', { class: 'contact-more', onclick: () => void timelineOf(one, place, next).catch(problem) }, t('contacts.more')));
}

/** Who answers in each of their chats (S4.6). @param {Api.ContactDetail} one */
async function modesOf(one) {
  const chats = await Promise.all(one.conversations.slice(-5).map((id) => get(`/api/conversations/${id}`).catch(() => null)));
  return chats.filter(Boolean).map((chat) => {
    const button = h('button', { class: 'switch', role: 'switch', 'aria-checked': String(chat.mode === 'bot'), onclick: async () => {
      try {
        const now = await post(`/api/conversations/${chat.id}/mode`, { mode: button.getAttribute('aria-checked') === 'true' ? 'agent' : 'bot' });
        show(now.mode);
        toast(now.mode === 'bot' ? t('toast.mode_bot') : t('toast.mode_agent'));
      } catch (error) {
        problem(error);
      }
    } });
    const show = (/** @type {string} */ mode) => {
      button.setAttribute('aria-checked', String(mode === 'bot'));
      fill(button, h('span', { class: 'knob' }), icon(mode === 'bot' ? 'bot' : 'person'), mode === 'bot' ? t('details.bot') : t('details.people'));
    };
    show(chat.mode);
    return h('div', { class: 'chat-mode' }, h('span', { class: 'grow' }, t('details.answers'), ' · ', chat.instance), button);
  });
}
