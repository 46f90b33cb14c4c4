// Calls as they run: a card each, its words as they are said.

import { get, post } from '../api.js';
import { fill, h, reconcile, throttled } from '../dom.js';
import { t } from '../i18n.js';
import { style } from '../pages.js';
import { ask } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { problem, toast } from '../parts/toast.js';
import { isSupervisor } from '../session.js';
import { counter } from '../time.js';

/** @typedef {{ item: string, speaker: string, text: string }} Partial */
/** @typedef {{ number: number, customer_name: string | null, customer_phone: string | null, started_at: string, interrupted: boolean, assignee_name: string | null, category: string | null, category_guess: string | null, sentiment: string | null, flag: string | null, lines: { id: number, speaker: string, text: string }[], partial: Partial[] }} Call */

/** How much of the end of a list counts as its end. */
const NEAR = 40;

export default function callsPage() {
  const cards = h('div', { class: 'call-cards' });
  const none = h('p', { class: 'nothing', hidden: true }, t('calls.none'));
  const element = h('section', { class: 'calls', 'aria-labelledby': 'calls-heading' }, h('header', { class: 'calls-head' }, h('h1', { id: 'calls-heading' }, t('calls.title'))), none, cards);
  /** @type {Map<number, Call>} */
  let calls = new Map();
  /** @type {WebSocket | null} */
  let socket = null;
  let closed = false;
  let tries = 0;
  let timer = 0;
  let reads = 0;

  async function load() {
    const read = ++reads;
    try {
      const answer = await get('/api/calls/live');
      if (read !== reads || closed) return;
      calls = new Map(answer.data.map((/** @type {Call} */ call) => [call.number, call]));
      draw();
    } catch {
      // The connection's own sign says so; it is read again when it is back.
    }
  }
  const soon = throttled(1_000, () => void load());

  function draw() {
    none.hidden = calls.size > 0;
    reconcile(cards, [...calls.values()], (call) => String(call.number), (call) => JSON.stringify({ ...call, lines: 0, partial: 0, duration_seconds: 0 }), card);
    for (const call of calls.values()) drawLines(call);
  }

  /** @param {Call} call @returns {HTMLElement} */
  function card(call) {
    const name = call.customer_name || call.customer_phone || t('calls.unknown');
    const word = (/** @type {string} */ slug) => slug.replaceAll('_', ' ');
    const heading = `call-${call.number}`;
    return h('article', { class: 'call-card', 'aria-labelledby': heading },
      h('header', {}, icon('call'), h('h2', { id: heading, dir: 'auto' }, name), h('span', { class: 'live-badge' }, counter(call.started_at))),
      h('div', { class: 'call-facts' },
        call.customer_name && call.customer_phone && h('span', { class: 'call-phone' }, `+${call.customer_phone}`),
        call.assignee_name && h('span', {}, t('calls.with', { name: call.assignee_name })),
        call.category ? h('span', { class: 'badge' }, t('calls.category', { category: word(call.category) })) : call.category_guess && h('span', { class: 'badge guess' }, t('calls.guess', { category: word(call.category_guess) })),
        call.sentiment && h('span', { class: 'badge' }, t('calls.sentiment', { sentiment: call.sentiment })),
        call.interrupted && h('span', { class: 'badge escalated' }, icon('alert'), t('calls.interrupted')),
        call.flag && h('span', { class: 'badge escalated', title: call.flag }, icon('up'), h('span', { dir: 'auto' }, t('calls.flagged', { reason: call.flag })))),
      h('div', { role: 'log', 'aria-label': t('calls.line_label') }, h('ol', { class: 'call-lines', tabindex: 0, 'aria-label': t('calls.line_label'), dataset: { lines: call.number } })),
      h('footer', {},
        isSupervisor() && !call.flag && h('button', { dataset: { act: 'flag' }, onclick: () => void flag(call.number) }, icon('up'), t('calls.flag')),
        h('span', { class: 'grow' }),
        h('a', { class: 'button', href: `/tickets/${call.number}` }, t('calls.open'))));
  }

  /** @param {Call} call */
  function drawLines(call) {
    const list = /** @type {HTMLElement | null} */ (cards.querySelector(`[data-lines="${call.number}"]`));
    if (!list) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    const line = (/** @type {{ speaker: string, text: string }} */ one, /** @type {string} */ className) => h('li', { class: `call-line from-${one.speaker} ${className}` }, h('span', { class: 'call-speaker' }, t(one.speaker === 'user' ? 'speaker.user' : 'speaker.voice')), h('span', { class: 'call-words', dir: 'auto' }, one.text));
    const whole = call.lines.map((one) => ({ key: `l${one.id}`, ...one, half: false }));
    const half = call.partial.filter((one) => one.text).map((one) => ({ key: `p${one.item}`, ...one, half: true }));
    reconcile(list, [...whole, ...half], (one) => one.key, (one) => one.text, (one) => {
      const shown = line(one, one.half ? 'is-partial' : '');
      if (one.half) shown.append(h('span', { class: 'only-read' }, t('calls.saying')));
      return shown;
    });
    list.classList.toggle('is-empty', !list.children.length);
    list.dataset.empty = t('calls.silent');
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** @param {any} told */
  function hear(told) {
    const call = calls.get(told.number);
    if (told.event === 'call.line') {
      if (!call) return soon();
      call.partial = [...call.partial.filter((one) => one.item !== told.item), ...(told.text ? [told] : [])];
      return drawLines(call);
    }
    if (told.event === 'ticket.message.added' && told.line && call) {
      call.partial = call.partial.filter((one) => one.item !== told.line.item);
      if (!call.lines.some((one) => one.id === told.entry.id)) call.lines = [...call.lines.slice(-49), { id: told.entry.id, speaker: told.line.speaker, text: told.line.text }];
      drawLines(call);
    }
    if (told.event === 'call.ended' && calls.delete(told.number)) draw();
    // What it is about, its place in order, its mood: as the daemon sees them now.
    if (call || told.call_running || ['hello', 'resync', 'call.ended', 'call.started'].includes(told.event)) soon();
  }

  function listen() {
    if (closed) return;
    const address = new URL('/api/live?events=call,ticket&transcripts=true', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(address, 'frontdesk');
    socket.onopen = () => {
      tries = 0;
      void load();
    };
    socket.onmessage = (event) => hear(JSON.parse(event.data));
    socket.onclose = () => {
      if (!closed) timer = setTimeout(listen, Math.min(10_000, 500 * 2 ** tries++) * (0.75 + Math.random() / 2));
    };
  }

  /** @param {number} number */
  async function flag(number) {
    const reason = await ask({ title: t('calls.flag'), label: t('calls.flag_reason'), action: t('calls.flag') });
    if (!reason) return;
    try {
      await post(`/api/calls/${number}/flag`, { reason });
      toast(t('calls.flag_done'));
    } catch (error) {
      problem(error);
    }
    void load();
  }

  fill(cards, h('p', { class: 'hint' }, t('loading')));
  void style('calls').then(load);
  listen();

  return {
    element,
    show() {},
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}
