// The figures of the desk, a page a question. What is chosen stands in the address, so a view can be sent to somebody.

import { get, query } from '../api.js';
import { fill, h } from '../dom.js';
import { counted, number, region, t } from '../i18n.js';
import { style } from '../pages.js';
import { barRows, heatMap, stack, timeChart } from '../parts/chart.js';
import { cardOf, count, decimal, duration, percent, tile } from '../parts/figures.js';
import { channelWord, priorityWord, statusWord } from '../parts/marks.js';
import { go } from '../router.js';

/** @typedef {import('../parts/figures.js').Card} Card */
/** @typedef {{ tiles?: any[], cards: Card[] }} Drawn what a page shows */
/** @typedef {string | null | undefined} Key what a group is of; null: of none */
/** @typedef {{ start: string }} Piece a part of the period */
/**
 * A figure: its label, how it stands and is shown, what is good (1: more, -1: less, 0: neither), a hint.
 * @typedef {[string, number | null | undefined, (value: number | null | undefined) => string, number, string?]} Part
 */

const ROOT = '/api/tickets/analytics';
const VIEWS = ['overview', 'volume', 'distribution', 'agents', 'sla', 'csat', 'peak-hours'];
/** @type {Record<string, number | undefined>} */
const RANGES = { today: 1, week: 7, month: 30, quarter: 90, year: 365 };
const CHANNELS = ['call', 'whatsapp', 'web', 'email', 'chat', 'zendesk', 'intercom', 'api'];

/** A day in the words of this browser's zone, so many before today. @param {number} before */
function dayBefore(before) {
  const at = new Date();
  at.setDate(at.getDate() - before);
  const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** What was chosen. @param {Event} event */
const valueOf = (event) => /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;

/** What the address says. */
function chosen() {
  const said = new URLSearchParams(location.search);
  const range = said.get('range') || 'month';
  const days = RANGES[range];
  return {
    range: days || range === 'custom' ? range : 'month',
    from: range === 'custom' ? said.get('from') || dayBefore(29) : dayBefore((days || 30) - 1),
    to: range === 'custom' ? said.get('to') || dayBefore(0) : dayBefore(0),
    channel: said.get('channel') || '',
    priority: said.get('priority') || '',
    compare: said.get('compare') || '',
    table: said.get('table') || '',
  };
}

/** @returns {import('../pages.js').Page} */
export default function analyticsPage() {
  const tabs = h('nav', { class: 'figures-tabs', 'aria-label': t('analytics.title') });
  const tools = h('div', { class: 'figures-tools' });
  const body = h('div', { class: 'figures-body' });
  const state = h('p', { class: 'only-read', role: 'status' });
  const element = h('div', { class: 'figures-page' }, h('header', { class: 'figures-head' }, h('h1', {}, t('analytics.title'))), tabs, tools, state, body);
  const styled = style('analytics');
  let asked = 0;

  /** @param {Record<string, string>} changes */
  const change = (changes) => {
    const { range, channel, priority, compare, table, from, to } = { ...chosen(), ...changes };
    go(`${location.pathname}${query({ range: range === 'month' ? '' : range, from: range === 'custom' ? from : '', to: range === 'custom' ? to : '', channel, priority, compare, table })}`, { replace: true });
  };

  /** @param {string} label @param {string} name @param {[string, string][]} options @param {string} value */
  const select = (label, name, options, value) => h('select', { 'aria-label': label, onchange: (/** @type {Event} */ event) => change({ [name]: valueOf(event) }) }, options.map(([key, word]) => h('option', { value: key, selected: key === value }, word)));

  function drawTools() {
    const now = chosen();
    const toggle = (/** @type {'compare' | 'table'} */ name, /** @type {string} */ on, /** @type {string} */ word) => h('label', { class: 'figures-check' }, h('input', { type: 'checkbox', checked: now[name] !== '', onchange: (/** @type {Event} */ event) => change({ [name]: /** @type {HTMLInputElement} */ (event.target).checked ? on : '' }) }), word);
    const date = (/** @type {'from' | 'to'} */ name) => h('input', { type: 'date', value: now[name], max: dayBefore(0), 'aria-label': name === 'from' ? t('analytics.from') : t('analytics.to'), onchange: (/** @type {Event} */ event) => valueOf(event) && change({ [name]: valueOf(event) }) });
    const { from, to, channel, priority } = now;
    fill(tools,
      select(t('analytics.range'), 'range', [['today', t('analytics.today')], ['week', t('analytics.week')], ['month', t('analytics.month')], ['quarter', t('analytics.quarter')], ['year', t('analytics.year')], ['custom', t('analytics.custom')]], now.range),
      now.range === 'custom' && [date('from'), date('to')],
      select(t('analytics.channel'), 'channel', [['', t('analytics.all_channels')], ...CHANNELS.map((key) => /** @type {[string, string]} */ ([key, channelWord(key)]))], channel),
      select(t('ticket.priority'), 'priority', [['', t('analytics.all_priorities')], ...['urgent', 'high', 'medium', 'low'].map((key) => /** @type {[string, string]} */ ([key, priorityWord(key)]))], priority),
      toggle('compare', 'previous', t('analytics.compare')),
      toggle('table', 'yes', t('analytics.tables')),
      h('span', { class: 'grow' }),
      h('a', { class: 'button', 'data-plain': true, download: true, href: `${ROOT}/export${query({ from, to, channel, priority, bom: true })}` }, t('analytics.export')));
  }

  /** @param {string} path */
  async function show(path) {
    const found = path.split('/')[2] || 'overview';
    const view = VIEWS.includes(found) ? found : 'overview';
    fill(tabs, VIEWS.map((name) => h('a', { href: `/analytics/${name}${location.search}`, 'aria-current': name === view ? 'page' : false }, t('analytics.view.' + name))));
    // Without its styles there is nothing to scroll.
    void styled.then(() => tabs.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'center' }));
    drawTools();
    const of = ++asked;
    const { from, to, channel, priority, compare, table } = chosen();
    body.setAttribute('aria-busy', 'true');
    try {
      const ask = (/** @type {string} */ what) => get(`${ROOT}/${what}${query({ from, to, channel, priority, compare, tz: Intl.DateTimeFormat().resolvedOptions().timeZone })}`);
      const answers = await Promise.all((view === 'overview' ? ['overview', 'volume'] : [view === 'sla' ? 'sla/detailed' : view]).map(ask));
      if (of !== asked) return;
      const { tiles, cards } = DRAW[view](answers[0], answers[1]);
      fill(body, tiles && h('div', { class: 'tiles' }, tiles), h('div', { class: 'cards' }, cards.map((card) => cardOf(card, table !== ''))));
      state.textContent = t('analytics.loaded');
    } catch (error) {
      if (of === asked) fill(body, h('p', { class: 'form-error', role: 'alert' }, /** @type {Error} */ (error).message));
    } finally {
      if (of === asked) body.removeAttribute('aria-busy');
    }
  }

  return { element, show: (path) => void show(path), close: () => void (asked += 1) };
}

/** When a piece begins, as its length wants it. @param {string} at @param {string} granularity */
function pieceName(at, granularity) {
  /** @type {Record<string, Intl.DateTimeFormatOptions>} */
  const forms = { hour: { hour: '2-digit', minute: '2-digit' }, day: { day: 'numeric', month: 'short' }, week: { day: 'numeric', month: 'short' }, month: { month: 'short', year: '2-digit' } };
  return new Intl.DateTimeFormat(region, forms[granularity]).format(new Date(at));
}

/** @param {{ granularity: string }} answer @param {Piece[]} pieces */
const names = (answer, pieces) => pieces.map((piece) => pieceName(piece.start, answer.granularity));

/** @param {Api.FiguresAnswer_Vec_Volume} answer @returns {Card} */
function volumeCard(answer) {
  const pieces = answer.current;
  const labels = names(answer, pieces);
  const of = (/** @type {'created' | 'resolved' | 'backlog'} */ name) => pieces.map((piece) => piece[name]);
  const title = t('analytics.volume');
  return { title, hint: t('analytics.volume_hint'), wide: true, columns: [t('analytics.since'), t('analytics.created'), t('analytics.resolved'), t('analytics.backlog')], rows: pieces.map((piece, at) => [labels[at], piece.created, piece.resolved, piece.backlog]),
    chart: () => timeChart({ label: title, labels, series: [{ name: t('analytics.created'), kind: 'bar', tone: 'accent', values: of('created') }, { name: t('analytics.resolved'), kind: 'bar', tone: 'good', values: of('resolved') }, { name: t('analytics.backlog'), kind: 'line', tone: 'warn', values: of('backlog') }] }) };
}

/** @param {Api.Kept} kept @param {string} title @returns {Card} */
function keptCard(kept, title) {
  const parts = [{ name: t('analytics.met'), value: kept.met, tone: 'good' }, { name: t('analytics.on_track'), value: kept.on_track, tone: 'accent' }, { name: t('home.at_risk'), value: kept.at_risk, tone: 'warn' }, { name: t('home.breached'), value: kept.breached, tone: 'bad' }];
  const some = parts.some((part) => part.value > 0);
  return { title, hint: `${t('analytics.compliance')}: ${percent(kept.compliance)}`, columns: [t('analytics.state'), t('analytics.tickets')], rows: some ? parts.map((part) => [part.name, part.value]) : [], chart: () => stack({ label: title, parts }) };
}

/** @param {Key} key @param {(key: string) => string} word */
const keyWord = (key, word) => (key === null || key === undefined ? t('analytics.none') : word(key));

/** @param {string} title @param {Api.Share[]} shares @param {(key: string) => string} word @returns {Card} */
function shareCard(title, shares, word) {
  const name = (/** @type {Api.Share} */ share) => keyWord(share.key, word);
  return { title, columns: [title, t('analytics.tickets'), t('analytics.share')], rows: shares.map((share) => [name(share), share.count, percent(share.share)]),
    chart: () => barRows({ label: title, rows: shares.slice(0, 10).map((share) => ({ name: name(share), value: share.count, shown: `${number(share.count)} · ${percent(share.share)}` })) }) };
}

/** @template T @param {{ current: T, previous?: T }} answer @param {(figures: T) => Part[]} make */
function tilesOf(answer, make) {
  const before = answer.previous ? make(answer.previous) : [];
  return make(answer.current).map(([label, value, show, good, hint], at) => tile({ label, value: show(value), now: value, before: before[at]?.[1], good, hint }));
}

/** Each view of what the daemon answers to it. @type {Record<string, (answer: any, second?: any) => Drawn>} */
const DRAW = {
  overview: (/** @type {Api.FiguresAnswer_Overview} */ answer, /** @type {Api.FiguresAnswer_Vec_Volume} */ volume) => ({
    tiles: tilesOf(answer, (now) => [
      [t('analytics.created'), now.created, count, 0],
      [t('analytics.resolved'), now.resolved, count, 1, t('analytics.by_bot', { count: count(now.resolved_by_bot) })],
      [t('analytics.backlog'), now.backlog, count, -1],
      [t('analytics.first_response'), now.first_response_time.median_seconds, duration, -1, t('analytics.p90', { value: duration(now.first_response_time.p90_seconds) })],
      [t('analytics.resolution'), now.resolution_time.median_seconds, duration, -1, t('analytics.p90', { value: duration(now.resolution_time.p90_seconds) })],
      [t('analytics.resolution_rate'), now.resolution_rate, percent, 1],
      [t('analytics.reopen_rate'), now.reopen_rate, percent, -1],
      [t('analytics.escalation_rate'), now.escalation_rate, percent, -1],
      [t('analytics.sla_first'), now.sla.first_response.compliance, percent, 1],
      [t('analytics.sla_resolution'), now.sla.resolution.compliance, percent, 1],
      [t('home.satisfaction'), now.csat.average, decimal, 1, counted('home.ratings', now.csat.responses)],
      [t('analytics.handle'), now.handle_time.median_seconds, duration, -1],
    ]),
    cards: [volumeCard(volume), keptCard(answer.current.sla.first_response, t('analytics.sla_first')), keptCard(answer.current.sla.resolution, t('analytics.sla_resolution'))],
  }),
  volume: (/** @type {Api.FiguresAnswer_Vec_Volume} */ answer) => ({ cards: [volumeCard(answer)] }),
  distribution: (/** @type {Api.FiguresAnswer_Distribution} */ { current }) => ({
    cards: [shareCard(t('ticket.status'), current.status, statusWord), shareCard(t('ticket.priority'), current.priority, priorityWord), shareCard(t('analytics.channel'), current.channel, channelWord), shareCard(t('analytics.category'), current.category, (key) => key.replaceAll('_', ' ')), shareCard(t('analytics.tag'), current.tag, (key) => key)],
  }),
  agents: (/** @type {Api.FiguresAnswer_AgentsFigures} */ { current }) => {
    const rows = current.agents.map((one) => ({ ...one, name: one.name ?? t('analytics.nobody') }));
    const people = rows.filter((one) => typeof one.agent_id === 'number');
    const bars = (/** @type {string} */ title, /** @type {string} */ hint, /** @type {(one: Api.AgentRow) => number | null | undefined} */ value, /** @type {(value: number | null | undefined) => string} */ show, /** @type {(one: Api.AgentRow) => string} */ tone) => {
      const some = people.flatMap((one) => {
        const figure = value(one);
        return typeof figure === 'number' ? [{ name: one.name, value: figure, shown: show(figure), tone: tone(one) }] : [];
      });
      return { title, hint, columns: [t('analytics.agent'), title], rows: some.map((one) => [one.name, one.shown]), chart: () => barRows({ label: title, rows: some }) };
    };
    /** @type {Card} */
    const all = { title: t('analytics.view.agents'), wide: true, columns: [t('analytics.agent'), t('analytics.assigned'), t('analytics.open_now'), t('analytics.resolved'), t('analytics.first_response'), t('analytics.resolution'), t('analytics.reopen_rate'), t('analytics.escalation_rate'), t('home.satisfaction'), t('analytics.searches')],
      rows: rows.map((one) => [one.name, one.assigned, one.open_now, one.resolved, duration(one.first_response_time.median_seconds), duration(one.resolution_time.median_seconds), percent(one.reopen_rate), percent(one.escalation_rate), decimal(one.csat.average), decimal(one.searches_per_ticket)]),
      chart: () => barRows({ label: t('analytics.resolved'), rows: rows.map((one) => ({ name: one.name, value: one.resolved, shown: `${count(one.resolved)} / ${count(one.assigned)}`, tone: 'good' })) }) };
    return { cards: [all,
      bars(t('analytics.escalation_rate'), t('analytics.escalation_hint', { target: percent(current.escalation_target) }), (one) => one.escalation_rate, percent, (one) => (one.within_escalation_target ? 'good' : 'bad')),
      bars(t('analytics.first_response'), t('analytics.median'), (one) => one.first_response_time.median_seconds, duration, () => 'accent'),
      bars(t('home.satisfaction'), '', (one) => one.csat.average, decimal, () => 'accent')] };
  },
  sla: (/** @type {Api.FiguresAnswer_Promises} */ answer) => {
    const { current } = answer;
    const labels = names(answer, current.trend);
    const title = t('analytics.compliance');
    const of = (/** @type {'first_response' | 'resolution'} */ target) => current.trend.map((piece) => piece[target].compliance ?? 0);
    const groups = (/** @type {string} */ name, /** @type {Api.KeptOf[]} */ list, /** @type {(key: string) => string} */ word) => {
      const part = (/** @type {Api.KeptOf} */ one) => one.resolution.compliance ?? one.first_response.compliance;
      const decided = list.filter((one) => typeof part(one) === 'number');
      const label = (/** @type {Api.KeptOf} */ one) => keyWord(one.key, word);
      return { title: name, columns: [name, t('analytics.sla_first'), t('analytics.sla_resolution')], rows: decided.map((one) => [label(one), percent(one.first_response.compliance), percent(one.resolution.compliance)]),
        chart: () => barRows({ label: name, most: 1, rows: decided.map((one) => ({ name: label(one), value: part(one) ?? 0, shown: percent(part(one)), tone: 'good' })) }) };
    };
    return { cards: [keptCard(current.first_response, t('analytics.sla_first')), keptCard(current.resolution, t('analytics.sla_resolution')),
      { title, wide: true, columns: [t('analytics.since'), t('analytics.sla_first'), t('analytics.sla_resolution')], rows: current.promised ? current.trend.map((piece, at) => [labels[at], percent(piece.first_response.compliance), percent(piece.resolution.compliance)]) : [],
        chart: () => timeChart({ label: title, labels, most: 1, format: percent, series: [{ name: t('analytics.sla_first'), kind: 'bar', tone: 'accent', values: of('first_response') }, { name: t('analytics.sla_resolution'), kind: 'bar', tone: 'good', values: of('resolution') }] }) },
      groups(t('ticket.priority'), current.by_priority, priorityWord), groups(t('analytics.channel'), current.by_channel, channelWord), groups(t('analytics.category'), current.by_category, (key) => key.replaceAll('_', ' '))] };
  },
  csat: (/** @type {Api.FiguresAnswer_Csat} */ answer) => {
    const { current } = answer;
    const stars = [5, 4, 3, 2, 1].map((star) => ({ name: '★'.repeat(star), value: current.distribution[star - 1], shown: count(current.distribution[star - 1]), tone: star > 3 ? 'good' : star > 2 ? 'warn' : 'bad' }));
    const labels = names(answer, current.trend);
    const groups = (/** @type {string} */ title, /** @type {Api.CsatOf[]} */ list, /** @type {(key: string) => string} */ word) => {
      const label = (/** @type {Api.CsatOf} */ one) => keyWord(one.key, word);
      return { title, columns: [title, t('home.satisfaction'), t('analytics.responses')], rows: list.map((one) => [label(one), decimal(one.average), one.responses]), chart: () => barRows({ label: title, most: 5, rows: list.map((one) => ({ name: label(one), value: one.average ?? 0, shown: `${decimal(one.average)} · ${count(one.responses)}` })) }) };
    };
    return {
      tiles: tilesOf(answer, (now) => [[t('home.satisfaction'), now.average, decimal, 1], [t('analytics.satisfied'), now.satisfied, percent, 1], [t('analytics.responses'), now.responses, count, 1], [t('analytics.response_rate'), now.response_rate, percent, 1]]),
      cards: [{ title: t('analytics.ratings'), columns: [t('analytics.rating'), t('analytics.responses')], rows: current.responses ? stars.map((star) => [star.name, star.value]) : [], chart: () => barRows({ label: t('analytics.ratings'), rows: stars }) },
        { title: t('analytics.trend'), columns: [t('analytics.since'), t('home.satisfaction'), t('analytics.responses')], rows: current.responses ? current.trend.map((piece, at) => [labels[at], decimal(piece.average), piece.responses]) : [],
          chart: () => timeChart({ label: t('analytics.trend'), labels, most: 5, format: decimal, series: [{ name: t('home.satisfaction'), kind: 'bar', tone: 'accent', values: current.trend.map((piece) => piece.average ?? 0) }] }) },
        groups(t('analytics.channel'), current.by_channel, channelWord), groups(t('analytics.category'), current.by_category, (key) => key.replaceAll('_', ' '))],
    };
  },
  'peak-hours': (/** @type {Api.FiguresAnswer_PeakHours} */ { current }) => {
    // The first of January 2024 was a Monday.
    const days = [1, 2, 3, 4, 5, 6, 7].map((day) => new Intl.DateTimeFormat(region, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 0, day)));
    const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);
    const title = t('analytics.view.peak-hours');
    const busiest = current.busiest;
    return { cards: [
      { title, wide: true, hint: busiest ? t('analytics.busiest', { day: days[busiest.weekday], hour: hours[busiest.hour], count: count(busiest.count) }) : '', columns: ['', ...hours], rows: current.total ? current.hours.map((of, day) => [days[day], ...of]) : [], chart: () => heatMap({ label: title, days, hours, values: current.hours }) },
      { title: t('analytics.by_day'), columns: [t('analytics.day'), t('analytics.created')], rows: current.total ? days.map((day, at) => [day, current.by_weekday[at]]) : [], chart: () => barRows({ label: t('analytics.by_day'), rows: days.map((name, at) => ({ name, value: current.by_weekday[at], shown: count(current.by_weekday[at]) })) }) },
      { title: t('analytics.by_hour'), columns: [t('analytics.hour'), t('analytics.created')], rows: current.total ? hours.map((hour, at) => [hour, current.by_hour[at]]) : [], chart: () => timeChart({ label: t('analytics.by_hour'), labels: hours, series: [{ name: t('analytics.created'), kind: 'bar', tone: 'accent', values: current.by_hour }] }) },
    ] };
  },
};
