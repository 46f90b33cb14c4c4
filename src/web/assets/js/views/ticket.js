// One ticket: what it is, what was said, and what can be done.

import { get } from '../api.js';
import * as act from '../actions.js';
import { fill, h, throttled } from '../dom.js';
import { t } from '../i18n.js';
import { onEvent, onResync } from '../live.js';
import { icon } from '../parts/icons.js';
import { avatar, channelMark, priorityBadge, priorityWord, statusBadge, statusWord } from '../parts/marks.js';
import { openMenu } from '../parts/menu.js';
import { bind } from '../parts/keys.js';
import { go } from '../router.js';
import { me } from '../session.js';
import { counter, since } from '../time.js';
import { composer } from './composer.js';
import { details } from './details.js';
import { createTicket } from './create.js';
import { promise } from './promise.js';
import { timeline } from './timeline.js';
import { viewers } from './viewers.js';

const TABS = ['overview', 'conversation', 'notes', 'related'];

/** @param {{ list: any }} how */
export function ticketPage({ list }) {
  /** @type {Api.TicketView | null} */
  let ticket = null;
  let number = 0;
  let tab = 'conversation';

  const head = h('header', { class: 'ticket-head' });
  const tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('ticket.parts') });
  const banner = h('div', { class: 'banner', role: 'status', hidden: true });
  /** @type {act.Held} What is done is done with a ticket that is there. */
  const held = { now: () => /** @type {Api.TicketView} */ (ticket), change, reload: () => reload() };
  const side = details(held);
  const talk = timeline({ ticket: () => ticket });
  const writer = composer({ ticket: () => ticket, say: talk.say, reopen: () => void act.setStatus(held, 'open') });
  const others = viewers({ writing: () => writer.isWriting() });
  const related = h('div', { class: 'related', hidden: true });
  const overview = h('div', { class: 'overview', hidden: true });
  const middle = h('div', { class: 'ticket-middle', role: 'tabpanel', 'aria-labelledby': 'tab-conversation' }, talk.element, overview, related, others.element, writer.element);
  const aside = h('aside', { class: 'ticket-side', 'aria-label': t('details.label') }, side.element);
  const clocks = promise();
  const page = h('article', { class: 'ticket', hidden: true }, h('div', { class: 'ticket-main' }, head, tabs, banner, middle), aside);
  const nothing = h('div', { class: 'ticket-none' }, h('span', { class: 'logo large', 'aria-hidden': 'true' }), h('p', {}, t('ticket.choose')), h('p', { class: 'hint' }, h('kbd', {}, 'J'), ' ', h('kbd', {}, 'K'), ' ', t('ticket.choose_keys'), ' · ', h('kbd', {}, '?'), ' ', t('keys.title')));
  const element = h('main', { class: 'pane-ticket', id: 'ticket', tabindex: -1 }, page, nothing);

  /** @param {Record<string, any>} changes */
  function change(changes) {
    if (!ticket) return;
    ticket = { ...ticket, ...changes };
    draw();
  }

  /** @param {string} next */
  function turn(next) {
    tab = next;
    drawTabs();
    const isTalk = tab === 'conversation' || tab === 'notes';
    talk.element.hidden = !isTalk;
    writer.element.hidden = !isTalk;
    overview.hidden = tab !== 'overview';
    related.hidden = tab !== 'related';
    middle.setAttribute('aria-labelledby', `tab-${tab}`);
    if (tab === 'notes') void showNotes();
    else talk.show(() => true);
    // One and the same, wherever it stands: beside on wide screens, a tab on narrow ones.
    (tab === 'overview' ? overview : aside).append(side.element);
    if (tab === 'related') void drawRelated();
  }

  function drawTabs() {
    const words = { overview: t('tab.overview'), conversation: t('tab.conversation'), notes: t('tab.notes'), related: t('tab.related') };
    const had = tabs.contains(document.activeElement);
    fill(tabs, TABS.map((name) => h('button', { role: 'tab', id: `tab-${name}`, class: `tab-${name}`, 'aria-selected': String(name === tab), tabindex: name === tab ? 0 : -1, onclick: () => turn(name), onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      turn(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]);
    } }, /** @type {any} */ (words)[name])));
    if (had) /** @type {any} */ (tabs.querySelector('[aria-selected="true"]')).focus();
  }

  /** Notes, and what was done to the ticket, in the order of time. */
  async function showNotes() {
    const isNote = (/** @type {import('./timeline.js').Entry} */ entry) => entry.kind === 'note' || entry.kind === 'event';
    const of = number;
    talk.show(isNote);
    const answer = await get(`/api/tickets/${of}/activity?limit=100`).catch(() => ({ activity: [] }));
    if (of === number && tab === 'notes') talk.show(isNote, answer.activity.map(lineOf));
  }

  async function drawRelated() {
    const of = number;
    fill(related, h('p', { class: 'hint' }, t('loading')));
    const found = await Promise.all((ticket?.related || []).map((/** @type {number} */ one) => get(`/api/tickets/${one}`).catch(() => null)));
    const theirs = ticket?.contact_id ? await get(`/api/tickets?contact=${ticket.contact_id}&limit=50`).then((answer) => answer.tickets).catch(() => []) : [];
    /** @type {Api.SimilarTickets} */
    const alike = await get(`/api/tickets/${of}/similar?limit=5`).catch(() => ({ tickets: [] }));
    if (of !== number) return;
    const line = (/** @type {Api.ListedTicket | Api.TicketView} */ one) => h('li', {}, h('a', { href: `/tickets/${one.number}${location.search}` }, statusBadge(one.status), h('span', { class: 'grow', dir: 'auto' }, one.subject || one.requester_name || t('channel.' + one.channel)), channelMark(one.channel), h('span', { class: 'row-number' }, `#${one.number}`), since(one.updated_at)));
    const all = new Map([...found, ...theirs].filter((one) => one && one.number !== number).map((one) => [one.number, one]));
    const others = alike.tickets.filter((one) => !all.has(one.number));
    fill(related, all.size ? h('ul', { class: 'related-list' }, [...all.values()].map(line)) : h('p', { class: 'nothing' }, t('related.none')),
      others.length > 0 && [h('h2', {}, t('related.alike')), h('ul', { class: 'related-list', dataset: { alike: '' } }, others.map(line))]);
  }

  /** @param {HTMLElement} anchor @param {string} which */
  function menu(anchor, which) {
    const what = { status: t('ticket.status'), priority: t('ticket.priority'), assignee: t('ticket.assignee') }[which] || '';
    if (which === 'status') return openMenu(anchor, { label: what, choices: act.statusChoices(held) });
    if (which === 'priority') return openMenu(anchor, { label: what, choices: act.priorityChoices(held) });
    return openMenu(anchor, { label: what, choices: () => act.assigneeChoices(held), filter: true });
  }

  /** By key: the menu opens at the button that is there for it. @param {string} which */
  const menuByKey = (which) => {
    const anchor = /** @type {HTMLElement | null} */ (head.querySelector(`[data-menu="${which}"]`));
    if (anchor) void menu(anchor, which);
  };

  function draw() {
    if (!ticket) return;
    const title = ticket.subject || ticket.requester_name || t('channel.' + ticket.channel);
    document.title = `#${ticket.number} ${title} · frontdesk`;
    const isMine = ticket.assignee_id === me().id;
    const isDone = ticket.status === 'resolved' || ticket.status === 'closed';
    const button = (/** @type {string} */ which, /** @type {string} */ label, /** @type {any[]} */ ...content) => h('button', { class: 'value', dataset: { menu: which }, 'aria-haspopup': 'listbox', title: label, onclick: (/** @type {Event} */ event) => void menu(/** @type {HTMLElement} */ (event.currentTarget), which) }, h('span', { class: 'only-read' }, `${label}: `), content, icon('chevron', 'chevron'));
    const focused = /** @type {HTMLElement | null} */ (head.contains(document.activeElement) ? document.activeElement : null);
    const again = focused?.dataset.menu || focused?.dataset.act;
    fill(head,
      h('div', { class: 'ticket-title' },
        h('a', { class: 'button quiet icon-only back', href: `/tickets${location.search}`, 'aria-label': t('ticket.back') }, icon('back', 'turns')),
        h('h1', { dir: 'auto' }, title),
        ticket.call_running && h('span', { class: 'live-badge' }, t('list.live'), ' ', counter(ticket.created_at)),
        h('span', { class: 'ticket-number' }, channelMark(ticket.channel), `#${ticket.number}`)),
      h('div', { class: 'ticket-values' },
        button('status', t('ticket.status'), statusBadge(ticket.status)),
        button('priority', t('ticket.priority'), priorityBadge(ticket.priority)),
        button('assignee', t('ticket.assignee'), ticket.assignee_name ? h('span', { class: 'named' }, avatar(ticket.assignee_name, 'small'), h('span', {}, ticket.assignee_name)) : h('span', { class: 'nobody' }, t('ticket.nobody'))),
        clocks.element,
        ticket.on_hold && h('span', { class: 'badge' }, icon('lock'), t('details.held')),
        ticket.escalation && h('span', { class: 'badge escalated', title: ticket.escalation.reason }, icon('up'), t('details.escalated'))),
      h('div', { class: 'ticket-actions' },
        h('button', { class: 'quiet', title: t('action.more'), 'aria-label': t('action.more'), dataset: { act: 'more' }, 'aria-haspopup': 'listbox', onclick: (/** @type {Event} */ event) => void openMenu(/** @type {HTMLElement} */ (event.currentTarget), { label: t('action.more'), choices: moreChoices() }) }, icon('more')),
        h('button', { class: 'quiet', title: t('action.escalate'), dataset: { act: 'escalate' }, onclick: () => void act.escalate(held) }, icon('up'), h('span', { class: 'only-read' }, t('action.escalate'))),
        !ticket.assignee_id && h('button', { class: 'primary', dataset: { act: 'claim' }, onclick: () => void act.claim(held) }, t('action.claim')),
        isDone ? h('button', { dataset: { act: 'reopen' }, onclick: () => void act.setStatus(held, 'open') }, t('action.reopen'))
          : (isMine || ticket.assignee_id) && h('button', { dataset: { act: 'resolve' }, onclick: () => void act.setStatus(held, 'resolved') }, icon('check'), t('action.resolve'))));
    if (again) /** @type {any} */ (head.querySelector(`[data-menu="${again}"], [data-act="${again}"]`))?.focus();
    side.draw();
    writer.draw();
  }

  /** What is done now and then. */
  function moreChoices() {
    if (!ticket) return [];
    const follows = (ticket.followers || []).includes(me().id);
    return [
      { label: follows ? t('action.unfollow') : t('action.follow'), mark: icon('bell'), run: () => void act.follow(held, !follows) },
      { label: t('action.merge'), mark: icon('swap'), run: () => void act.merge(held) },
      { label: t('action.relate'), mark: icon('link'), run: () => void act.relate(held, () => { if (tab === 'related') void drawRelated(); }) },
      { label: ticket.on_hold ? t('action.unhold') : t('action.hold'), mark: icon('lock'), run: () => void act.hold(held, !held.now().on_hold) },
      ...(ticket.escalation ? [{ label: t('action.deescalate'), mark: icon('up'), run: () => void act.deescalate(held) }] : []),
      { label: t('create.title'), mark: icon('note'), run: () => void another() },
      ...(ticket.contact_id ? [{ label: t('contacts.show'), mark: icon('person'), run: () => go(`/contacts/${held.now().contact_id}`) }] : []),
      ...(me().role === 'admin' ? [{ label: t('action.delete'), mark: icon('close'), run: () => void act.remove(held) }] : []),
    ];
  }

  /** A further ticket for the same customer, with what this one is about (S2.44). */
  function another() {
    const { requester_name: name, requester_email: email, requester_phone: phone, subject, summary, description } = held.now();
    return createTicket({ contact: { name, email, phone }, subject: subject || '', description: summary || description || '', done: (made) => go(`/tickets/${made.number}`) });
  }

  /** @param {string | null} text */
  function say(text) {
    banner.hidden = !text;
    fill(banner, icon('info'), text);
  }

  /** By whom the customer is called in the timeline. @type {string | null} */
  let called = null;
  let reads = 0;
  async function reload() {
    const of = number;
    const read = ++reads;
    try {
      const found = await get(`/api/tickets/${of}`);
      // Of two answers the one asked for later counts.
      if (of !== number || read !== reads) return;
      const known = ticket !== null;
      ticket = found;
      say(null);
      draw();
      if (!known || called !== found.requester_name) talk.redraw();
      called = found.requester_name;
      void side.refresh();
      clocks.show(of, found.sla);
    } catch (error) {
      if (of !== number) return;
      const { status, message } = /** @type {any} */ (error);
      if (status === 404) gone();
      else if (status !== 401) say(status === 0 ? t('toast.unreachable') : message);
    }
  }

  function gone() {
    if (ticket) return say(t('ticket.gone'));
    page.hidden = true;
    nothing.hidden = false;
    fill(nothing, h('p', {}, t('ticket.not_found', { number })), h('p', {}, h('a', { href: `/tickets${location.search}` }, t('ticket.back'))));
  }

  const soon = throttled(250, () => void reload());
  const talkSoon = throttled(150, () => void talk.refresh());
  const stops = [
    onEvent((event) => {
      if (event.number !== number || !number) return;
      if (event.event === 'ticket.left') return say(t('ticket.gone'));
      const { status, priority, assignee_id, assignee_name, call_running } = event;
      if (ticket && status) change({ status, priority, assignee_id, assignee_name, call_running });
      soon();
      if (event.entry && event.event === 'ticket.entry.updated') void talk.refresh(event.entry.id);
      else talkSoon();
    }),
    onResync(() => {
      if (!number) return;
      soon();
      talkSoon();
    }),
  ];

  const has = () => ticket !== null;
  bind([
    { keys: 'r', group: t('keys.ticket'), label: t('keys.reply'), when: has, run: () => { turn('conversation'); writer.focus(false); } },
    { keys: 'n', group: t('keys.ticket'), label: t('keys.note'), when: has, run: () => { turn('conversation'); writer.focus(true); } },
    { keys: 'c', group: t('keys.ticket'), label: t('action.claim'), when: () => ticket !== null && !ticket.assignee_id, run: () => void act.claim(held) },
    { keys: 'a', group: t('keys.ticket'), label: t('action.assign'), when: has, run: () => menuByKey('assignee') },
    { keys: 's', group: t('keys.ticket'), label: t('ticket.status'), when: has, run: () => menuByKey('status') },
    { keys: 'p', group: t('keys.ticket'), label: t('ticket.priority'), when: has, run: () => menuByKey('priority') },
    { keys: 'e', group: t('keys.ticket'), label: t('action.resolve'), when: () => ticket !== null && !['resolved', 'closed'].includes(ticket.status), run: () => void act.setStatus(held, 'resolved') },
    { keys: 'ctrl Enter', group: t('keys.ticket'), label: t('composer.send'), when: () => false, run: () => {} },
    { keys: ']', group: t('keys.list'), label: t('keys.next'), run: () => list().step(1) },
    { keys: '[', group: t('keys.list'), label: t('keys.previous'), run: () => list().step(-1) },
  ]);
  turn('conversation');

  return {
    element,
    /** What can be done now, for the palette. @returns {{ label: string, run: () => void }[]} */
    commands() {
      if (!ticket) return [];
      const open = !['resolved', 'closed'].includes(ticket.status);
      return [
        { label: t('keys.reply'), run: () => writer.focus(false) },
        { label: t('keys.note'), run: () => writer.focus(true) },
        ...(ticket.assignee_id ? [] : [{ label: t('action.claim'), run: () => void act.claim(held) }]),
        ...(open ? [{ label: t('action.resolve'), run: () => void act.setStatus(held, 'resolved') }] : [{ label: t('action.reopen'), run: () => void act.setStatus(held, 'open') }]),
        { label: t('action.escalate'), run: () => void act.escalate(held) },
        ...moreChoices(),
        { label: t('action.assign'), run: () => menuByKey('assignee') },
        { label: t('ticket.status'), run: () => menuByKey('status') },
        { label: t('ticket.priority'), run: () => menuByKey('priority') },
      ];
    },
    /** @param {number | null} next @param {number | null} [entry] the one to be led to */
    open(next, entry = null) {
      const lead = () => {
        if (entry === null) return;
        if (tab !== 'conversation') turn('conversation');
        void talk.lead(entry);
      };
      if (next === number) return lead();
      number = next || 0;
      ticket = null;
      clocks.show(0, null);
      say(null);
      page.hidden = !next;
      nothing.hidden = Boolean(next);
      if (!next) {
        document.title = `${t('tickets.title')} · frontdesk`;
        void writer.open(0);
        others.open(0);
        return;
      }
      fill(head, h('div', { class: 'ticket-title' }, h('a', { class: 'button quiet icon-only back', href: `/tickets${location.search}`, 'aria-label': t('ticket.back') }, icon('back', 'turns')), h('h1', {}, `#${next}`)));
      side.draw();
      if (tab === 'related' || tab === 'overview') turn('conversation');
      void reload().then(() => { if (ticket) void writer.open(next); });
      others.open(next);
      void talk.open(next);
      lead();
    },
    close() {
      clocks.close();
      writer.close();
      others.close();
      stops.forEach((stop) => stop());
    },
  };
}

/** A change as a line of the timeline. @param {Api.ActivityView} change @returns {import('./timeline.js').Entry} */
function lineOf(change) {
  const word = (/** @type {string | null | undefined} */ value) => (!value ? '—' : change.field === 'status' ? statusWord(value) : change.field === 'priority' ? priorityWord(value) : change.field === 'rating' ? `${value} ★` : value);
  const who = change.actor === 'customer' ? t('speaker.user') : change.actor === 'system' ? t('speaker.system') : change.actor;
  const what = change.action === 'created' || (!change.from && !change.to) ? t('activity.' + change.action) : `${t('field.' + change.field)} ${word(change.from)} → ${word(change.to)}`;
  return { id: -change.id, at: change.at, kind: 'event', speaker: 'system', author: null, body: [`${who}: ${what}`, change.reason].filter(Boolean).join(' · ') };
}
