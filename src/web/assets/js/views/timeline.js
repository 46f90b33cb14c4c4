// The one timeline of a ticket: what was said on the phone and in the chat, notes, tools, events.

import { call, get, post, put, query } from '../api.js';
import { fill, h, reconcile } from '../dom.js';
import { t } from '../i18n.js';
import { ask, sure } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { avatar } from '../parts/marks.js';
import { problem } from '../parts/toast.js';
import { isSupervisor, me } from '../session.js';
import { clock, day, exact, since } from '../time.js';
import { filesOf } from './files.js';
import { mailOf } from './mail.js';

/** @typedef {Omit<Api.EntryView, 'received_at'>} Entry as the API has it; a line of what was done has a number below zero */
/** @typedef {Record<'resend' | 'reword' | 'withdraw', (entry: Entry) => void>} Does what can be done with an entry */
/** @typedef {{ key: string, body: string, is_internal: boolean, attachments: number[], state: 'sending' | 'failed', why?: string, id?: number, at: string }} Pending */

const PAGE = 100;
/** How far back the end is read again when something came: late words of a call stand before later ones. */
const TAIL = 60;
/** Words of one speaker closer than this stand under one name. */
const TOGETHER = 4 * 60_000;

/**
 * @param {{ ticket: () => Api.TicketView | null, only?: (entry: Entry) => boolean }} of
 */
export function timeline({ ticket }) {
  const list = h('div', { class: 'entries' });
  const jump = h('button', { class: 'jump', hidden: true, onclick: () => toEnd(true) }, icon('chevron'), t('timeline.new'));
  const element = h('div', { class: 'timeline', tabindex: 0, role: 'log', 'aria-label': t('timeline.label') }, list);
  const frame = h('div', { class: 'timeline-frame' }, element, jump);
  /** @type {Entry[]} */
  let entries = [];
  /** @type {Pending[]} */
  let pending = [];
  /** @type {(entry: Entry) => boolean} */
  let shown = () => true;
  /** What happened besides, of the same form. @type {Entry[]} */
  let besides = [];
  let number = 0;
  let loaded = false;
  /** @type {Promise<void>} */
  let reading = Promise.resolve();
  /** The entry that somebody was led to. @type {number | null} */
  let found = null;

  const atEnd = () => element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  const toEnd = (smooth = false) => {
    element.scrollTo({ top: element.scrollHeight, behavior: smooth && !matchMedia('(prefers-reduced-motion: reduce)').matches ? 'smooth' : 'instant' });
    jump.hidden = true;
  };
  element.addEventListener('scroll', () => { if (atEnd()) jump.hidden = true; }, { passive: true });

  /** @param {number} after */
  async function pages(after) {
    /** @type {Entry[]} */
    const found = [];
    for (let next = after; ; ) {
      const page = await get(`/api/tickets/${number}/timeline${query({ after: next || '', limit: PAGE })}`);
      found.push(...page.entries);
      if (!page.next) return found;
      next = page.next;
    }
  }

  function draw() {
    const stay = !loaded || atEnd();
    const before = list.childElementCount;
    const visible = [...entries.filter(shown), ...besides];
    if (besides.length) visible.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    /** @type {any[]} */
    const items = [];
    let lastDay = '';
    // Who is called what depends on the ticket.
    const of = [ticket()?.channel, ticket()?.requester_name];
    list.classList.toggle('many', visible.length > 200);
    /** @type {Entry | null} */
    let previous = null;
    for (const entry of visible) {
      const today = day(entry.at);
      if (today !== lastDay) {
        items.push({ day: today });
        lastDay = today;
        previous = null;
      }
      const together = previous !== null && previous.kind === 'message' && entry.kind === 'message' && previous.speaker === entry.speaker && previous.author === entry.author && Math.abs(Date.parse(entry.at) - Date.parse(previous.at)) < TOGETHER;
      if (together) items[items.length - 1].goesOn = true;
      items.push({ entry, together, of, isFound: entry.id === found });
      previous = entry;
    }
    const ids = new Set(entries.map((entry) => entry.id));
    pending = pending.filter((one) => !one.id || !ids.has(one.id));
    for (const one of pending) items.push({ pending: one });
    reconcile(list, items, (item) => (item.day ? `day-${item.day}` : item.entry ? `e${item.entry.id}` : item.pending.key),
      (item) => JSON.stringify(item), (item) => (item.day ? h('div', { class: 'day' }, h('span', {}, item.day)) : item.entry ? entryOf(item.entry, item, ticket(), { resend, reword, withdraw }) : pendingOf(item.pending)));
    if (!items.length) fill(list, h('p', { class: 'nothing' }, t('timeline.empty')));
    if (stay) toEnd();
    else if (list.childElementCount > before) jump.hidden = false;
  }

  /** @param {Pending} one */
  function pendingOf(one) {
    const failed = one.state === 'failed';
    return h('div', { class: `entry ${one.is_internal ? 'note' : 'message from-agent'} is-pending` },
      h('div', { class: 'bubble' }, h('div', { class: 'words', dir: 'auto' }, one.body)),
      h('div', { class: failed ? 'foot failed' : 'foot' }, icon(failed ? 'alert' : 'clock'), failed ? `${t('timeline.not_sent')} ${one.why}` : t('timeline.sending'),
        failed && h('button', { class: 'link', onclick: () => void send(one) }, t('timeline.again')),
        failed && h('button', { class: 'link', onclick: () => { pending = pending.filter((other) => other !== one); draw(); } }, t('timeline.discard'))));
  }

  /** @param {Pending} one */
  async function send(one) {
    one.state = 'sending';
    draw();
    toEnd();
    try {
      // The same key for each try: twice asked is once written.
      const comment = await call('POST', `/api/tickets/${number}/comments`, { body: one.body, is_internal: one.is_internal, attachments: one.attachments }, { headers: { 'idempotency-key': one.key } });
      one.id = comment.id;
      refresh();
    } catch (error) {
      one.state = 'failed';
      one.why = /** @type {any} */ (error).status === 0 ? t('toast.unreachable') : /** @type {Error} */ (error).message;
      draw();
    }
  }

  /** @param {Entry} entry */
  async function resend(entry) {
    try {
      await post(`/api/tickets/${number}/comments/${entry.id}/resend`);
      refresh(entry.id);
    } catch (error) {
      problem(error);
    }
  }

  /** Other words for a note; the earlier ones are kept. @param {Entry} entry */
  async function reword(entry) {
    const body = await ask({ title: t('timeline.reword'), label: t('timeline.note'), action: t('rule.save'), value: entry.body, max: 10_000 });
    if (!body || body === entry.body) return;
    try {
      await put(`/api/tickets/${number}/comments/${entry.id}`, { body });
      refresh(entry.id);
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Entry} entry */
  async function withdraw(entry) {
    if (!(await sure(t('timeline.withdraw')))) return;
    try {
      await call('DELETE', `/api/tickets/${number}/comments/${entry.id}`);
      refresh(entry.id);
    } catch (error) {
      problem(error);
    }
  }

  /** One after the other: an older answer may not overwrite a newer one. @param {() => Promise<void>} work */
  function queue(work) {
    reading = reading.then(work).catch((error) => {
      if (error.status !== 404 && error.status !== 401) problem(error);
    });
    return reading;
  }

  /** Reads the end again, and this entry, wherever it stands. @param {number} [id] */
  function refresh(id) {
    const of = number;
    return queue(async () => {
      if (of !== number || !loaded) return;
      const from = Math.max(0, entries.length - TAIL);
      const at = id === undefined ? -1 : entries.findIndex((entry) => entry.id === id);
      if (at >= 0 && at < from) {
        const page = await get(`/api/tickets/${number}/timeline${query({ after: at ? entries[at - 1].id : '', limit: 1 })}`);
        if (of === number && page.entries[0]?.id === id) entries[at] = page.entries[0];
      }
      const tail = await pages(from ? entries[from - 1].id : 0);
      if (of !== number) return;
      entries = [...entries.slice(0, from), ...tail];
      draw();
    });
  }

  return {
    element: frame,
    /** @param {number} next */
    open(next) {
      number = next;
      entries = [];
      pending = [];
      besides = [];
      found = null;
      loaded = false;
      jump.hidden = true;
      fill(list, [1, 2, 3].map((at) => h('div', { class: `entry skeleton ${at % 2 ? '' : 'from-agent'}`, 'aria-hidden': 'true' })));
      return queue(async () => {
        const read = await pages(0);
        if (next !== number) return;
        entries = read;
        fill(list);
        draw();
        loaded = true;
      });
    },
    refresh,
    /** Leads to an entry and marks it, once everything is read; one that is not there changes nothing. @param {number} id */
    lead(id) {
      const of = number;
      return queue(async () => {
        if (of !== number || !entries.some((entry) => entry.id === id)) return;
        found = id;
        draw();
        // What is out of sight has a guessed height until it is drawn: some steps lead there.
        for (let step = 0; step < 4; step += 1) {
          list.querySelector(`#entry-${id}`)?.scrollIntoView({ block: 'center', behavior: 'instant' });
          await new Promise((drawn) => requestAnimationFrame(drawn));
        }
        /** @type {HTMLElement | null} */ (list.querySelector(`#entry-${id}`))?.focus({ preventScroll: true });
      });
    },
    /** When the ticket is known, or is another than it was. */
    redraw() {
      if (loaded) draw();
    },
    /** @param {(entry: Entry) => boolean} wanted @param {Entry[]} [more] */
    show(wanted, more = []) {
      shown = wanted;
      besides = more;
      if (loaded) {
        draw();
        toEnd();
      }
    },
    /** Shows it at once, and sends it. @param {string} body @param {boolean} isInternal @param {number[]} attachments */
    say(body, isInternal, attachments = []) {
      const one = /** @type {Pending} */ ({ key: randomKey(), body, is_internal: isInternal, attachments, state: 'sending', at: new Date().toISOString() });
      pending.push(one);
      return send(one);
    },
  };
}

/** Not `randomUUID`, which browsers have under TLS alone. */
function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {Entry} entry @param {{ together: boolean, goesOn?: boolean, isFound: boolean }} place @param {Api.TicketView | null} ticket @param {Does} does */
function entryOf(entry, { together, goesOn, isFound }, ticket, does) {
  const place = { id: `entry-${entry.id}`, tabindex: isFound ? -1 : undefined };
  const mark = isFound ? 'is-found' : '';
  if (entry.kind === 'event') {
    return h('div', { class: `entry event ${mark}`, ...place }, icon('info'), h('span', { dir: 'auto' }, entry.body), since(entry.at));
  }
  const isCall = ticket?.channel === 'call';
  const who = entry.author || { user: ticket?.requester_name || ticket?.requester_phone || t('speaker.user'), bot: t('speaker.bot'), agent: isCall ? t('speaker.voice') : t('speaker.agent'), system: t('speaker.system') }[entry.speaker] || entry.speaker;
  const isVoice = entry.speaker === 'agent' && !entry.author && isCall;
  const isBot = entry.speaker === 'bot' || isVoice;
  const isNote = entry.kind === 'note';
  const role = entry.speaker === 'user' ? t('speaker.user') : isBot ? t('speaker.bot') : isNote ? t('timeline.note') : t('speaker.agent');
  const side = entry.speaker === 'user' ? 'from-user' : isBot ? 'from-bot' : entry.speaker === 'system' ? 'from-system' : 'from-agent';
  const head = !together && h('div', { class: 'head' }, isBot ? h('span', { class: 'avatar bot', 'aria-hidden': 'true' }, icon('bot')) : avatar(who),
    h('span', { class: 'who', dir: 'auto' }, who), who !== role && h('span', { class: 'role' }, isNote && icon('lock'), role));
  return h('div', { class: `entry ${isNote ? 'note' : 'message'} ${side} ${together ? 'together' : ''} ${mark}`, ...place }, head,
    h('div', { class: 'bubble', title: exact(entry.at) }, quoteOf(entry), bodyOf(entry), toolsOf(entry), attachmentOf(entry, ticket), ticket && entry.attachments?.length ? filesOf(ticket.number, entry.attachments) : null, entry.kind === 'message' && ticket?.channel === 'email' && mailOf(ticket.number, entry.id), reactionsOf(entry)),
    (!goesOn || entry.delivery || entry.edited_at || isNote) && footOf(entry, does));
}

/** @param {Entry} entry */
function bodyOf(entry) {
  if (entry.deleted_at) {
    return [h('div', { class: 'words deleted' }, icon('close'), t('timeline.deleted')), entry.revisions?.length ? earlierOf(entry.revisions, t('timeline.deleted_words')) : null];
  }
  // A tool call's body only repeats the name.
  if (entry.kind === 'tool_call' && entry.tool_calls?.length) return null;
  const earlier = (entry.revisions || []).slice(0, -1);
  return [entry.body && h('div', { class: 'words', dir: 'auto' }, linked(entry.body)), entry.edited_at && earlier.length ? earlierOf(earlier, t('timeline.earlier')) : null];
}

/** @param {Api.RevisionView[]} revisions @param {string} label */
const earlierOf = (revisions, label) => h('details', { class: 'earlier' }, h('summary', {}, label),
  revisions.map((revision) => h('p', { dir: 'auto' }, revision.body, ' ', since(revision.at))));

/** Words whose addresses can be followed. @param {string} text */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/).map((part, at) => (at % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part) : part));
}

/** @param {Entry} entry */
const quoteOf = (entry) => entry.quoted && h('blockquote', { dir: 'auto' }, entry.quoted.text || t('timeline.quoted'));

/** @param {Entry} entry */
const toolsOf = (entry) => (entry.tool_calls || []).map((tool) => h('details', { class: 'tool' },
  h('summary', {}, icon('tool'), h('code', {}, tool.name), h('span', { class: 'role' }, tool.output === null || tool.output === undefined ? t('tool.running') : t('tool.done'))),
  h('dl', {}, h('dt', {}, t('tool.given')), h('dd', {}, h('pre', { tabindex: 0 }, pretty(tool.arguments))), tool.output && [h('dt', {}, t('tool.returned')), h('dd', {}, h('pre', { tabindex: 0 }, pretty(tool.output)))])));

/** @param {string | undefined} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text || '{}'), null, 2);
  } catch {
    return text || '';
  }
}

/** @param {Entry} entry @param {Api.TicketView | null} ticket */
function attachmentOf(entry, ticket) {
  const file = entry.attachment;
  if (!file) return null;
  const size = file.bytes ? `${(file.bytes / 1024 < 1024 ? file.bytes / 1024 : file.bytes / 1_048_576).toFixed(0)} ${file.bytes / 1024 < 1024 ? 'KB' : 'MB'}` : '';
  const length = file.seconds ? `${Math.floor(file.seconds / 60)}:${String(file.seconds % 60).padStart(2, '0')}` : '';
  return h('div', { class: 'attachment' }, icon('clip'), h('span', { dir: 'auto', class: 'file' }, file.file_name || t('attachment.kind.' + file.kind)), h('span', { class: 'role' }, [length, size].filter(Boolean).join(' · ')));
}

/** @param {Entry} entry */
const reactionsOf = (entry) => entry.reactions?.length ? h('div', { class: 'reactions' }, entry.reactions.map((one) => h('span', { class: 'reaction', title: one.author || (one.by === 'user' ? t('speaker.user') : t('speaker.agent')) }, one.emoji))) : null;

/** One's own, and anybody's for supervisors: as the daemon has it, which knows who wrote it. @param {Entry} entry */
const mayReword = (entry) => entry.kind === 'note' && !entry.deleted_at && (isSupervisor() || entry.author === me().name);

/** @param {Entry} entry @param {Does} does */
function footOf(entry, { resend, reword, withdraw }) {
  const delivery = entry.delivery;
  const picture = delivery && { queued: 'clock', sent: 'check', delivered: 'checks', read: 'checks', failed: 'alert' }[/** @type {string} */ (delivery.state)];
  const word = delivery && t('delivery.' + delivery.state);
  return h('div', { class: 'foot' }, h('time', { datetime: entry.at, title: exact(entry.at) }, clock(entry.at)),
    entry.edited_at && !entry.deleted_at && h('span', {}, t('timeline.edited')),
    delivery && h('span', { class: `delivery ${delivery.state}`, title: [word, delivery.error].filter(Boolean).join(': ') }, icon(picture || 'clock'), h('span', { class: ['failed', 'queued'].includes(delivery.state) ? '' : 'only-read' }, word)),
    mayReword(entry) && h('span', { class: 'entry-acts' }, h('button', { class: 'link', onclick: () => void reword(entry) }, t('rule.edit')), h('button', { class: 'link', onclick: () => void withdraw(entry) }, t('admin.delete'))),
    delivery?.state === 'failed' && [h('span', { class: 'why', dir: 'auto' }, delivery.error), h('button', { class: 'link', onclick: () => resend(entry) }, t('timeline.resend'))]);
}
