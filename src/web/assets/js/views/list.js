// The list of tickets. Only the rows in view exist, so a hundred thousand scroll like twenty.

import { debounced, fill, h, reconcile, throttled } from '../dom.js';
import { counted, number, t } from '../i18n.js';
import { onEvent, onResync } from '../live.js';
import { icon } from '../parts/icons.js';
import { avatar, channelMark, priorityBadge, statusShape, statusWord } from '../parts/marks.js';
import { problem } from '../parts/toast.js';
import { go } from '../router.js';
import { MAX_CHOSEN, Selection } from '../selection.js';
import { TicketList } from '../tickets.js';
import { counter, exact, since } from '../time.js';

/** As in workspace.css. */
const HEIGHT = 76;
/** Rows beyond the edges, so that scrolling shows no empty ones. */
const BEYOND = 8;
/** Rows come and go in steps of so many: most frames of scrolling change nothing. */
const STEP = 4;
/** Events that may change who is in a list, or in which order. */
const MOVES = /^(ticket|call)\./;

/**
 * @param {{ changed: () => void }} how `changed` is called when the list has other tickets than before
 */
export function ticketList({ changed }) {
  const status = h('p', { class: 'list-status', role: 'status' });
  const spacer = h('div', { class: 'list-space', role: 'list' });
  const view = h('div', { class: 'list-scroll', tabindex: -1 }, spacer);
  const empty = h('div', { class: 'list-empty', hidden: true });
  const element = h('div', { class: 'list-body' }, status, view, empty);
  /** @type {TicketList} */
  let list = new TicketList({}, () => {});
  /** @type {number | null} */
  let current = null;
  let frame = 0;
  let drawn = { first: -1, last: -1 };
  const selection = new Selection(() => {
    redraw();
    void drawBar();
  });
  /** What acts on the chosen ones; it comes with the first of them. @type {Promise<{ element: HTMLElement, draw: () => void }> | null} */
  let bar = null;

  const range = () => {
    const stepped = (/** @type {number} */ row) => Math.floor(row / STEP) * STEP;
    const first = Math.max(0, stepped(view.scrollTop / HEIGHT - BEYOND));
    const last = Math.min((list.total || 0) - 1, stepped((view.scrollTop + view.clientHeight) / HEIGHT) + BEYOND + STEP);
    return { first, last };
  };

  // While somebody drags the bar through thousands, nothing is asked for that is gone before it comes.
  const fetchVisible = debounced(60, () => {
    const { first, last } = range();
    list.want(first, Math.max(first, last));
  });

  function draw() {
    frame = 0;
    if (pressed) return;
    if (list.total === null) {
      fill(spacer, list.error ? null : Array.from({ length: 8 }, () => h('div', { class: 'row skeleton', 'aria-hidden': 'true' })));
      spacer.style.height = '';
      status.textContent = list.error ? list.error.message : t('loading');
      empty.hidden = true;
      return;
    }
    const { first, last } = range();
    drawn = { first, last };
    /** @type {{ index: number, row: import('../tickets.js').Row | undefined }[]} */
    const items = [];
    for (let index = first; index <= last; index += 1) items.push({ index, row: list.row(index) });
    spacer.style.height = `${list.total * HEIGHT}px`;
    if (spacer.firstElementChild?.classList.contains('skeleton')) fill(spacer);
    reconcile(spacer, items, ({ index, row }) => String(row ? row.number : `empty-${index}`),
      ({ row }) => (row ? JSON.stringify([row.status, row.priority, row.assignee_id, row.assignee_name, row.subject, row.requester_name, row.updated_at, row.tags, row.category, row.call_running, row.escalated, row.sla?.state, row.sla?.due_at]) : ''),
      ({ row }) => (row ? rowOf(row) : h('div', { class: 'row skeleton', 'aria-hidden': 'true' })));
    /** @type {HTMLElement[]} */ ([.../** @type {any} */ (spacer.children)]).forEach((child, at) => {
      const index = first + at;
      const place = `${index * HEIGHT}px`;
      if (child.style.top !== place) child.style.top = place;
      child.setAttribute('aria-posinset', String(index + 1));
      child.setAttribute('aria-setsize', String(list.total));
      const link = child.querySelector('a');
      if (link) {
        if (items[at].row?.number === current) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
      const check = /** @type {HTMLInputElement | null} */ (child.querySelector('.row-check'));
      const isChosen = selection.has(items[at].row?.number ?? 0);
      if (check && check.checked !== isChosen) check.checked = isChosen;
      child.classList.toggle('is-chosen', isChosen);
    });
    status.textContent = list.error ? list.error.message : counted('list.count', list.total);
    empty.hidden = list.total > 0;
    if (!list.total) fill(empty, h('span', { class: 'big-shape' }, statusShape('resolved')), h('p', {}, t('list.empty')), h('p', { class: 'hint' }, t('list.empty_hint')));
    if (items.some(({ row }) => !row)) fetchVisible();
  }

  // What somebody presses stays under the pointer until it is let go, however much happens meanwhile.
  let pressed = false;
  view.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    pressed = Boolean(/** @type {HTMLElement} */ (event.target).closest('.row'));
  });
  const release = () => {
    if (!pressed) return;
    pressed = false;
    redraw();
  };
  const RELEASES = ['pointerup', 'pointercancel', 'blur'];
  for (const name of RELEASES) window.addEventListener(name, release);

  const redraw = () => {
    if (!frame) frame = requestAnimationFrame(draw);
  };

  async function drawBar() {
    element.classList.toggle('has-selection', selection.size > 0);
    if (!bar && !selection.size) return;
    try {
      bar ||= import('./bulk.js').then(({ default: make }) => {
        const made = make(selection, refresh);
        element.append(made.element);
        return made;
      });
      (await bar).draw();
    } catch {
      bar = null;
    }
  }

  /** Chooses a ticket or lets it go; a range from the one before, when that is asked for. @param {number} number @param {boolean} isRange */
  async function choose(number, isRange) {
    const [from, to] = [selection.anchor === null ? -1 : list.indexOf(selection.anchor), list.indexOf(number)];
    if (!isRange || from < 0 || to < 0) return selection.toggle(number);
    try {
      const numbers = await list.between(Math.min(from, to), Math.min(Math.max(from, to), Math.min(from, to) + MAX_CHOSEN - 1));
      selection.add(numbers);
    } catch (error) {
      problem(error);
    }
  }

  spacer.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const check = /** @type {HTMLElement} */ (event.target).closest('.row-check');
    if (check) void choose(Number(/** @type {HTMLElement} */ (check.closest('.row'))?.dataset.key), event.shiftKey);
  });

  const refresh = throttled(1_000, () => {
    const { first, last } = range();
    list.refresh(first, Math.max(first, last));
  });

  view.addEventListener('scroll', () => {
    const { first, last } = range();
    if (first !== drawn.first || last !== drawn.last) redraw();
  }, { passive: true });
  const sizes = new ResizeObserver(redraw);
  sizes.observe(view);
  const stops = [
    onEvent((event) => {
      if (list.patch(event)) redraw();
      if (MOVES.test(event.event) && event.event !== 'ticket.entry.updated') refresh();
    }),
    onResync(refresh),
  ];

  /** The ticket that stands `step` behind this one, among what is loaded. @param {number} step @returns {number | null} */
  function neighbour(step) {
    const at = current === null ? -1 : list.indexOf(current);
    return list.row(at < 0 ? 0 : at + step)?.number ?? null;
  }

  /** The row that has the focus, else the one that is open. @returns {number | null} */
  function here() {
    const focused = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest('.row'));
    return focused ? Number(focused.dataset.key) : current;
  }

  /** Puts the focus on the next row. @param {number} step */
  function move(step) {
    const at = here();
    const from = at === null ? -1 : list.indexOf(at);
    const to = Math.max(0, Math.min((list.total || 1) - 1, from + step));
    const top = to * HEIGHT;
    if (top < view.scrollTop) view.scrollTop = top;
    else if (top + HEIGHT > view.scrollTop + view.clientHeight) view.scrollTop = top + HEIGHT - view.clientHeight;
    draw();
    const row = list.row(to);
    if (row) /** @type {any} */ (spacer.querySelector(`[data-key="${row.number}"] a`))?.focus({ preventScroll: true });
  }

  return {
    element,
    /** Shows the tickets of another filter. @param {Record<string, any>} filter */
    open(filter) {
      list = new TicketList(filter, () => {
        redraw();
        changed();
      });
      view.scrollTop = 0;
      selection.clear();
      selection.anchor = null;
      draw();
      void list.load(0);
    },
    /** Marks the ticket that is open beside the list. @param {number | null} number */
    mark(number) {
      current = number;
      redraw();
    },
    refresh,
    /** Chooses the row that has the focus. @param {boolean} isRange */
    choose(isRange) {
      const number = here();
      if (number !== null) void choose(number, isRange);
    },
    /** Lets go what is chosen. Whether there was any. */
    unchoose() {
      const had = selection.size > 0;
      selection.clear();
      return had;
    },
    move,
    neighbour,
    /** @param {number} step */
    step(step) {
      const next = neighbour(step);
      if (next !== null) go(`/tickets/${next}${location.search}`);
    },
    close() {
      sizes.disconnect();
      for (const name of RELEASES) window.removeEventListener(name, release);
      stops.forEach((stop) => stop());
    },
  };
}

/** @param {import('../tickets.js').Row} row */
function rowOf(row) {
  const who = row.requester_name || row.requester_phone || row.requester_email || t('ticket.unknown_person');
  const about = row.subject || (row.category ? row.category.replaceAll('_', ' ') : t('channel.' + row.channel));
  const when = row.call_running ? h('span', { class: 'live-badge' }, t('list.live'), ' ', counter(row.created_at)) : since(row.last_message_at || row.updated_at);
  return h('div', { class: 'row', role: 'listitem' },
    h('input', { type: 'checkbox', class: 'row-check', 'aria-label': t('list.choose', { number: row.number }) }),
    h('a', { href: `/tickets/${row.number}${location.search}`, class: 'row-link' },
      h('span', { class: 'row-status', title: statusWord(row.status) }, statusShape(row.status), h('span', { class: 'only-read' }, statusWord(row.status))),
      h('span', { class: 'row-who', dir: 'auto' }, who), h('span', { class: 'row-when' }, when),
      h('span', { class: 'row-about', dir: 'auto' }, about),
      h('span', { class: 'row-foot' }, channelMark(row.channel), h('span', { class: 'row-number' }, `#${row.number}`),
        priorityBadge(row.priority, { words: row.priority === 'high' || row.priority === 'urgent' }),
        late(row), row.escalated && h('span', { class: 'row-late sla-breached', title: t('details.escalated') }, icon('up'), h('span', { class: 'only-read' }, t('details.escalated'))),
        row.tags.slice(0, late(row) ? 0 : 2).map((tag) => h('span', { class: 'tag', dir: 'auto' }, tag)),
        h('span', { class: 'grow' }),
        row.assignee_name ? h('span', { class: 'row-assignee', title: row.assignee_name }, avatar(row.assignee_name, 'small'), h('span', { class: 'only-read' }, row.assignee_name)) : h('span', { class: 'nobody' }, t('ticket.nobody')))));
}

/** How a promise stands that is in danger, or was not kept; any other is not worth a word in a list. @param {import('../tickets.js').Row} row */
function late({ sla }) {
  if (sla?.state !== 'at_risk' && sla?.state !== 'breached') return null;
  const word = sla.state === 'breached' ? t('sla.breached') : t('sla.at_risk');
  return h('span', { class: `row-late sla-${sla.state}`, title: sla.due_at ? `${word}: ${exact(sla.due_at)}` : word }, icon(sla.state === 'breached' ? 'alert' : 'clock'), h('span', { class: 'only-read' }, word));
}
