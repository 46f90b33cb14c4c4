// What is known of a ticket, beside its conversation.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import * as act from '../actions.js';
import { icon } from '../parts/icons.js';
import { avatar, channelMark, channelWord, priorityBadge, stars, statusBadge } from '../parts/marks.js';
import { openMenu } from '../parts/menu.js';
import { problem, toast } from '../parts/toast.js';
import { since } from '../time.js';

const MAX_TAGS = 32;

/** @param {import('../actions.js').Held} held */
export function details(held) {
  const element = h('div', { class: 'details' });
  /** @type {{ number: number, conversation: Api.ConversationView | null }} */
  let known = { number: 0, conversation: null };

  /** @param {string} label @param {...any} value */
  const line = (label, ...value) => h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, value));
  /** @param {string} label @param {Node[]} content @param {(anchor: HTMLElement) => void} open */
  const changes = (label, content, open) => h('button', { class: 'value', 'aria-haspopup': 'listbox', 'aria-label': label, onclick: (/** @type {Event} */ event) => open(/** @type {HTMLElement} */ (event.currentTarget)) }, content, icon('chevron', 'chevron'));

  /** @param {Api.TicketView} ticket */
  function tags(ticket) {
    const input = h('input', { class: 'tag-input', 'aria-label': t('details.add_tag'), placeholder: t('details.add_tag'), maxlength: 64, dir: 'auto', onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      const tag = input.value.trim();
      if (tag && !ticket.tags.includes(tag)) void act.setTags(held, [...ticket.tags, tag]);
      input.value = '';
    } });
    return h('div', { class: 'tags' }, ticket.tags.map((/** @type {string} */ tag) => h('span', { class: 'tag', dir: 'auto' }, tag,
      h('button', { class: 'quiet', 'aria-label': t('details.remove_tag', { tag }), onclick: () => void act.setTags(held, ticket.tags.filter((/** @type {string} */ one) => one !== tag)) }, icon('close')))),
    ticket.tags.length < MAX_TAGS && input);
  }

  /** The switch between bot and people. @param {Api.TicketView} ticket */
  function mode(ticket) {
    const conversation = known.number === ticket.number ? known.conversation : null;
    if (!conversation) return null;
    const isBot = conversation.mode === 'bot';
    const button = h('button', { class: 'switch', role: 'switch', 'aria-checked': String(isBot), onclick: async () => {
      try {
        known.conversation = await act.setMode(ticket, isBot ? 'agent' : 'bot');
        toast(isBot ? t('toast.mode_agent') : t('toast.mode_bot'));
      } catch (error) {
        problem(error);
      }
      draw();
    } }, h('span', { class: 'knob' }), icon(isBot ? 'bot' : 'person'), isBot ? t('details.bot') : t('details.people'));
    return line(t('details.answers'), button);
  }

  /** @param {string} title @param {string | null | undefined} text */
  const prose = (title, text) => text && h('section', {}, h('h2', {}, title), h('p', { class: 'prose', dir: 'auto' }, text));

  /** What the customer said of how they were served. @param {Api.RatingView | null | undefined} rating */
  const praise = (rating) => rating && h('section', { class: 'rated' }, h('h2', {}, t('details.rating')), h('p', {}, stars(rating.rating), since(rating.rated_at)), rating.feedback && h('p', { class: 'prose', dir: 'auto' }, rating.feedback));

  /** What other programs said of it. @param {Record<string, string> | null | undefined} metadata */
  const attached = (metadata) => metadata && Object.keys(metadata).length > 0 && h('section', {}, h('h2', {}, t('details.metadata')), h('dl', { class: 'facts' }, Object.entries(metadata).map(([name, value]) => line(name, h('span', { dir: 'auto', class: 'metadata' }, value)))));

  function draw() {
    const ticket = held.now();
    if (!ticket) return fill(element);
    const who = ticket.requester_name || ticket.requester_phone || ticket.requester_email || t('ticket.unknown_person');
    fill(element,
      ticket.escalation && h('div', { class: 'callout' }, icon('up'), h('div', {}, h('strong', {}, t('details.escalated')), h('p', { dir: 'auto' }, ticket.escalation.reason), h('p', { class: 'hint' }, ticket.escalation.by, ' · ', since(ticket.escalation.at)), h('button', { class: 'link', onclick: () => void act.deescalate(held) }, t('action.deescalate')))),
      ticket.on_hold && h('div', { class: 'callout is-calm' }, icon('lock'), h('div', {}, h('strong', {}, t('details.held')), ticket.on_hold_since && h('p', { class: 'hint' }, since(ticket.on_hold_since)), h('button', { class: 'link', onclick: () => void act.hold(held, false) }, t('action.unhold')))),
      h('section', {}, h('h2', {}, t('details.customer')), h('div', { class: 'person' }, avatar(who, 'large'), h('div', {}, ticket.contact_id ? h('a', { href: `/contacts/${ticket.contact_id}`, class: 'person-link', dir: 'auto' }, who) : h('strong', { dir: 'auto' }, who),
        ticket.requester_phone && h('a', { href: `tel:+${ticket.requester_phone}`, class: 'contact', 'data-plain': true, dir: 'ltr' }, `+${ticket.requester_phone}`),
        ticket.requester_email && h('a', { href: `mailto:${ticket.requester_email}`, class: 'contact', 'data-plain': true, dir: 'ltr' }, ticket.requester_email)))),
      h('section', {}, h('h2', {}, t('details.ticket')), h('dl', { class: 'facts' },
        line(t('ticket.status'), changes(t('ticket.status'), [statusBadge(ticket.status)], (anchor) => openMenu(anchor, { label: t('ticket.status'), choices: act.statusChoices(held) }))),
        line(t('ticket.priority'), changes(t('ticket.priority'), [priorityBadge(ticket.priority)], (anchor) => openMenu(anchor, { label: t('ticket.priority'), choices: act.priorityChoices(held) }))),
        line(t('ticket.assignee'), changes(t('ticket.assignee'), [ticket.assignee_name ? h('span', { class: 'named' }, avatar(ticket.assignee_name, 'small'), ticket.assignee_name) : h('span', { class: 'nobody' }, t('ticket.nobody'))], (anchor) => openMenu(anchor, { label: t('ticket.assignee'), choices: () => act.assigneeChoices(held), filter: true }))),
        line(t('ticket.category'), changes(t('ticket.category'), [h('span', { dir: 'auto', class: ticket.category ? '' : 'nobody' }, ticket.category ? ticket.category.replaceAll('_', ' ') : t('ticket.none'))], (anchor) => openMenu(anchor, { label: t('ticket.category'), choices: () => act.categoryChoices(held), filter: true }))),
        mode(ticket),
        line(t('ticket.channel'), h('span', { class: 'named' }, channelMark(ticket.channel), channelWord(ticket.channel))),
        line(t('details.reference'), h('code', {}, ticket.ticket_id)),
        ticket.order_id && line(t('details.order'), h('span', { dir: 'auto' }, ticket.order_id)),
        line(t('details.created'), since(ticket.created_at)), line(t('details.updated'), since(ticket.updated_at)),
        ticket.first_response_at && line(t('details.first_response'), since(ticket.first_response_at)),
        ticket.resolved_at && line(t('details.resolved'), since(ticket.resolved_at)))),
      h('section', {}, h('h2', {}, t('details.tags')), tags(ticket)),
      praise(ticket.rating), prose(t('details.summary'), ticket.summary), prose(t('details.description'), ticket.description), prose(t('details.notes'), ticket.resolution_notes), attached(ticket.metadata));
    return element;
  }

  return {
    element,
    draw,
    /** Asks who answers in the ticket's conversation. */
    async refresh() {
      const ticket = held.now();
      if (!ticket?.conversation_id) {
        known = { number: ticket?.number || 0, conversation: null };
        return;
      }
      try {
        const conversation = await get(`/api/conversations/${ticket.conversation_id}`);
        known = { number: ticket.number, conversation };
        draw();
      } catch {
        // The rest is shown without it.
      }
    },
  };
}
