// The agent's workspace: the rail of views, the list, the ticket. On narrow screens one of them at a time.

import { debounced, fill, h, throttled } from '../dom.js';
import { choose, language, languages, number, t } from '../i18n.js';
import * as live from '../live.js';
import { get, post, query } from '../api.js';
import { VIEWS, chosen, filterOf, saved, searchOf } from '../filter.js';
import { icon } from '../parts/icons.js';
import { bind, overview } from '../parts/keys.js';
import { OPEN, STATUSES, avatar, statusShape, statusWord } from '../parts/marks.js';
import { openMenu } from '../parts/menu.js';
import { problem, toast } from '../parts/toast.js';
import { PAGES, pageOf } from '../pages.js';
import { go } from '../router.js';
import { isSupervisor, me } from '../session.js';
import { filters } from './filters.js';
import { ticketList } from './list.js';
import { openPalette } from './palette.js';
import { attention, notice } from './notices.js';
import { ticketPage } from './ticket.js';

/** @param {{ logout: () => void }} how */
export function workspace({ logout }) {
  const views = { mine: t('view.mine'), unassigned: t('view.unassigned'), all: isSupervisor() ? t('view.all') : t('view.all_mine') };
  const counts = /** @type {Record<string, number>} */ ({});
  const rail = h('nav', { class: 'rail', 'aria-label': t('rail.label') });
  const connection = h('div', { class: 'connection', role: 'status' });
  const tools = filters({ choose: (changes) => choose_(changes), kept: () => drawRail() });
  const search = h('input', { type: 'search', class: 'search', placeholder: t('list.search'), 'aria-label': t('list.search'), maxlength: 200, dir: 'auto' });
  const everywhere = h('a', { class: 'search-everywhere', hidden: true, title: t('search.everywhere') }, t('search.everywhere'));
  const list = ticketList({ changed: () => {} });
  const page = ticketPage({ list: () => list });
  const heading = h('h1', { class: 'list-heading' });
  const pane = h('section', { class: 'pane-list', 'aria-labelledby': 'list-heading' }, h('header', { class: 'list-head' }, h('div', { class: 'list-top' }, heading, h('span', { class: 'grow' }), h('button', { class: 'quiet', dataset: { act: 'next' }, title: t('next.hint'), onclick: () => void next() }, icon('next', 'turns'), t('next.take'))), tools.element, h('div', { class: 'search-box' }, icon('search'), search, everywhere)), list.element);
  heading.id = 'list-heading';
  const element = h('div', { class: 'workspace' }, h('a', { class: 'skip', href: '#ticket', 'data-plain': true }, t('app.skip')), rail, pane, page.element, connection);
  const beside = h('main', { class: 'pane-page', hidden: true, id: 'page', tabindex: -1 });
  element.append(beside);
  /** The page that is open beside the tickets. @type {{ name: string, page: import('../pages.js').Page } | null} */
  let other = null;
  let wanted = '';
  let shown = '';

  /** Shows another page than the tickets; none brings the tickets back. @param {import('../pages.js').Entry | undefined} entry @param {string} path */
  async function turnTo(entry, path) {
    wanted = entry ? path : '';
    element.classList.toggle('has-page', Boolean(entry));
    beside.hidden = !entry;
    if (other && other.name !== entry?.name) {
      other.page.close();
      other = null;
      fill(beside);
    }
    drawRail();
    if (!entry) return;
    if (!other) {
      fill(beside, h('p', { class: 'hint page-wait' }, t('loading')));
      try {
        const { default: make } = await entry.load();
        // Somebody may have gone elsewhere meanwhile.
        if (!wanted || pageOf(wanted)?.name !== entry.name || other) return;
        other = { name: entry.name, page: make() };
        fill(beside, other.page.element);
      } catch (error) {
        return fill(beside, h('p', { class: 'page-wait' }, t('app.unreachable')));
      }
    }
    document.title = `${entry.label()} · frontdesk`;
    other.page.show(wanted || path);
  }

  /** @param {Partial<import('../filter.js').Choice>} changes @param {{ keep?: boolean }} [how] */
  function choose_(changes, { keep = false } = {}) {
    go(`${keep ? location.pathname : '/tickets'}${searchOf({ ...chosen(), ...changes })}`, { replace: keep });
  }

  /** Takes what is to be done next, whatever is shown. */
  async function next() {
    try {
      const ticket = await post('/api/tickets/next');
      if (!ticket) return toast(t('next.none'));
      go(`/tickets/${ticket.number}?view=mine`);
      toast(t('toast.claimed', { number: ticket.number }));
    } catch (error) {
      problem(error);
    }
  }

  function drawRail() {
    const now = chosen();
    const item = (/** @type {string} */ href, /** @type {any} */ mark, /** @type {string} */ label, /** @type {boolean} */ current, /** @type {number | undefined} */ count) => h('a', { href, class: 'rail-item', 'aria-current': current ? 'page' : false, title: label }, mark, h('span', { class: 'rail-word grow' }, label), count !== undefined && h('span', { class: 'count' }, number(count)));
    const of = (/** @type {Partial<import('../filter.js').Choice>} */ changes) => `/tickets${query({ view: now.view, ...changes })}`;
    const marks = { mine: 'person', unassigned: 'inbox', all: 'people' };
    const { name, role } = me();
    // What is drawn anew stays where it was scrolled to, and under the same focus.
    const [left, top] = [rail.scrollLeft, rail.scrollTop];
    const focused = rail.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).title : '';
    fill(rail,
      h('a', { class: 'brand', href: '/tickets', 'aria-label': 'frontdesk' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), h('span', { class: 'rail-word' }, 'frontdesk')),
      h('div', { class: 'rail-group' }, VIEWS.map((view) => item(`/tickets?view=${view}`, icon(/** @type {any} */ (marks)[view]), /** @type {any} */ (views)[view], !wanted && now.view === view, counts[view]))),
      h('div', { class: 'rail-group pages' }, PAGES.filter((one) => one.roles.includes(role) && !one.personal).map((one) => item(one.href, icon(one.icon), one.label(), pageOf(wanted) === one, undefined))),
      h('h2', { class: 'rail-title rail-word' }, t('rail.status')),
      h('div', { class: 'rail-group statuses' }, item(of({ status: '' }), statusShape('open'), t('rail.open'), !wanted && now.status === '', undefined),
        STATUSES.map((status) => item(of({ status }), statusShape(status), statusWord(status), !wanted && now.status === status, undefined))),
      saved().length > 0 && [h('h2', { class: 'rail-title rail-word' }, t('filter.saved')), h('div', { class: 'rail-group statuses' }, saved().map((one) => item(`/tickets${one.search}`, icon('star'), one.name, !wanted && one.search === location.search, undefined)))],
      h('span', { class: 'grow' }),
      h('div', { class: 'rail-group' },
        h('button', { class: 'rail-item', onclick: palette, title: t('palette.title') }, icon('command'), h('span', { class: 'rail-word grow' }, t('palette.title')), h('kbd', { class: 'rail-word' }, 'Ctrl K')),
        h('button', { class: 'rail-item', onclick: overview, title: t('keys.title') }, icon('keyboard'), h('span', { class: 'rail-word grow' }, t('keys.short')), h('kbd', { class: 'rail-word' }, '?')),
        h('button', { class: 'rail-item me', 'aria-haspopup': 'listbox', title: name, onclick: (/** @type {Event} */ event) => void openMenu(/** @type {HTMLElement} */ (event.currentTarget), { label: t('rail.me'), choices: personal() }) }, avatar(name), h('span', { class: 'rail-word grow' }, h('strong', { dir: 'auto' }, name), h('span', { class: 'role' }, t('role.' + role))))));
    [rail.scrollLeft, rail.scrollTop] = [left, top];
    if (focused) /** @type {HTMLElement | undefined} */ ([...rail.querySelectorAll('.rail-item')].find((one) => /** @type {HTMLElement} */ (one).title === focused))?.focus({ preventScroll: true });
  }

  function personal() {
    return [
      { label: t('account.title'), mark: icon('person'), run: () => go('/account') },
      ...attention(),
      ...languages().map(([tag, name]) => ({ label: name, mark: icon('language'), current: tag === language, run: () => choose(tag) })),
      { label: t('rail.logout'), mark: icon('leave', 'turns'), run: logout },
    ];
  }

  async function count() {
    const open = OPEN.join(',');
    await Promise.all(VIEWS.map(async (view) => {
      const filter = { assignee: { mine: 'me', unassigned: 'none', all: '' }[view], status: open, limit: 1 };
      const answer = await get(`/api/tickets${query(filter)}`).catch(() => null);
      if (answer) counts[view] = answer.pagination.total;
    }));
    VIEWS.forEach((view, at) => {
      const place = rail.querySelectorAll('.rail-group:not(.pages) a')[at];
      const shown = place?.querySelector('.count');
      if (shown) shown.textContent = number(counts[view]);
      else place?.append(h('span', { class: 'count' }, number(counts[view])));
    });
  }

  function palette() {
    const views_ = VIEWS.map((view) => ({ label: `${t('palette.go')} ${/** @type {any} */ (views)[view]}`, run: () => choose_({ view, status: '' }) }));
    openPalette([...page.commands(), { label: t('next.take'), run: () => void next() }, ...views_, ...saved().map((one) => ({ label: `${t('palette.go')} ${one.name}`, run: () => go(`/tickets${one.search}`) })), ...PAGES.filter((one) => one.roles.includes(me().role)).map((one) => ({ label: `${t('palette.go')} ${one.label()}`, run: () => go(one.href) })), { label: t('keys.title'), run: overview }, { label: t('rail.logout'), run: logout }]);
  }

  function drawConnection() {
    const isOff = live.state === 'offline';
    element.classList.toggle('is-offline', isOff);
    fill(connection, isOff && [icon('alert'), h('span', {}, t('live.offline')), h('button', { class: 'link', onclick: live.retry }, t('live.retry'))]);
  }

  const searchSoon = debounced(250, () => choose_({ q: search.value.trim() }, { keep: true }));
  search.addEventListener('input', searchSoon);
  search.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape' && search.value) {
      search.value = '';
      searchSoon();
    } else if (event.key === 'Escape') search.blur();
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) go(`/search${query({ q: search.value.trim() })}`);
    else if (event.key === 'ArrowDown' || event.key === 'Enter') list.move(1);
    else return;
    event.preventDefault();
  });

  const counting = throttled(2_000, () => void count());
  let wasOff = false;
  const stops = [
    live.onState((state) => {
      drawConnection();
      if (state === 'live' && wasOff) toast(t('live.back'));
      wasOff = state === 'offline' || (wasOff && state !== 'live');
    }),
    live.onEvent((event) => {
      if (/^(ticket|call)\./.test(event.event) && event.event !== 'ticket.entry.updated') counting();
      notice(event);
    }),
    live.onResync(counting),
  ];
  bind([
    { keys: 'j', group: t('keys.list'), label: t('keys.down'), when: () => !wanted, run: () => list.move(1) },
    { keys: 'k', group: t('keys.list'), label: t('keys.up'), when: () => !wanted, run: () => list.move(-1) },
    { keys: 'Escape', group: t('keys.list'), label: t('ticket.back'), when: () => !wanted, run: () => { if (!list.unchoose()) go(`/tickets${location.search}`); } },
    { keys: 'x', group: t('keys.list'), label: t('keys.choose'), when: () => !wanted, run: (event) => list.choose(event.shiftKey) },
    { keys: 'g n', group: t('keys.go'), label: t('next.take'), run: () => void next() },
    { keys: '/', group: t('keys.go'), label: t('list.search'), run: () => search.focus() },
    { keys: 'g m', group: t('keys.go'), label: views.mine, run: () => choose_({ view: 'mine', status: '' }) },
    { keys: 'g u', group: t('keys.go'), label: views.unassigned, run: () => choose_({ view: 'unassigned', status: '' }) },
    { keys: 'g a', group: t('keys.go'), label: views.all, run: () => choose_({ view: 'all', status: '' }) },
    { keys: 'g s', group: t('keys.go'), label: t('search.title'), run: () => go(`/search${query({ q: chosen().q })}`) },
    { keys: 'g c', group: t('keys.go'), label: t('contacts.title'), run: () => go('/contacts') },
    { keys: 'ctrl k', group: t('keys.go'), label: t('palette.title'), run: palette },
    { keys: '?', group: t('keys.go'), label: t('keys.title'), run: overview },
  ]);
  void count();

  return {
    element,
    /** @param {string} path */
    show(path) {
      const entry = pageOf(path);
      if (entry || wanted) void turnTo(entry, path);
      if (entry) return;
      const found = /^\/tickets\/#?(\d+)$/.exec(path);
      const ticket = found ? Number(found[1]) : null;
      element.classList.toggle('has-ticket', ticket !== null);
      if (shown !== location.search || !element.dataset.open) {
        shown = location.search;
        element.dataset.open = 'yes';
        if (document.activeElement !== search) search.value = chosen().q;
        everywhere.hidden = !chosen().q;
        everywhere.href = `/search${query({ q: chosen().q })}`;
        drawRail();
        fill(heading, /** @type {any} */ (views)[chosen().view]);
        tools.draw();
        list.open(filterOf(chosen()));
      }
      const led = /^#entry-(\d+)$/.exec(location.hash);
      page.open(ticket, led && Number(led[1]));
      list.mark(ticket);
    },
    close() {
      stops.forEach((stop) => stop());
      other?.page.close();
      list.close();
      page.close();
    },
  };
}
