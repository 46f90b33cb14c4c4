// A supervisor's home: what matters at this moment, each figure a way to its tickets. Kept true by the stream.

import { get } from '../api.js';
import { fill, h, throttled } from '../dom.js';
import { counted, t } from '../i18n.js';
import { onEvent, onResync } from '../live.js';
import { style } from '../pages.js';
import { barRows, stack, timeChart } from '../parts/chart.js';
import { cardOf, count, decimal, duration, percent, tile } from '../parts/figures.js';
import { avatar } from '../parts/marks.js';
import { problem } from '../parts/toast.js';
import { clock } from '../time.js';

const ROOT = '/api/tickets/analytics';
/** Days as the box has them: the answers say where today begins. */
const TODAY = 86_400_000;

/** @returns {import('../pages.js').Page} */
export default function homePage() {
  const tiles = h('div', { class: 'tiles' });
  const cards = h('div', { class: 'cards' });
  const element = h('div', { class: 'figures-page' }, h('header', { class: 'figures-head' }, h('h1', {}, t('home.title')), h('span', { class: 'grow' }), h('a', { class: 'button quiet', href: '/analytics' }, t('analytics.title'))), tiles, cards);
  void style('analytics');

  async function load() {
    try {
      const day = new Date();
      const [now, volume, agents, presence] = await Promise.all([
        get(`${ROOT}/now`),
        get(`${ROOT}/volume?granularity=hour&from=${new Date(Math.floor((day.getTime() - TODAY) / 3_600_000) * 3_600_000 + 3_600_000).toISOString()}&to=${day.toISOString()}`),
        get(`${ROOT}/agents`),
        get('/api/presence'),
      ]);
      drawTiles(now);
      drawCards(now, volume, agents, presence.agents);
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Api.Now} now */
  function drawTiles(now) {
    const stars = now.satisfaction;
    fill(tiles,
      tile({ label: t('home.waiting'), value: count(now.waiting), href: '/tickets?view=unassigned', tone: now.waiting ? 'busy' : '' }),
      tile({ label: t('home.longest_wait'), value: duration(now.longest_wait_seconds), hint: now.longest_wait_ticket ? `#${now.longest_wait_ticket}` : '', href: now.longest_wait_ticket ? `/tickets/${now.longest_wait_ticket}?view=unassigned` : undefined }),
      tile({ label: t('home.at_risk'), value: count(now.at_risk), href: '/tickets?view=all&sla=at_risk&sort=sla', tone: now.at_risk ? 'warn' : '' }),
      tile({ label: t('home.breached'), value: count(now.breached), href: '/tickets?view=all&sla=breached&sort=sla', tone: now.breached ? 'bad' : '' }),
      tile({ label: t('home.escalated'), value: count(now.escalated), href: '/tickets?view=all&escalated=true', tone: now.escalated ? 'warn' : '' }),
      tile({ label: t('home.calls'), value: count(now.calls_running), href: '/calls' }),
      tile({ label: t('home.open'), value: count(now.open), href: '/tickets?view=all' }),
      tile({ label: t('home.answered'), value: count(now.answered_today), hint: t('home.created', { count: count(now.created_today) }), href: '/tickets?view=all&status=in_progress' }),
      tile({ label: t('home.resolved'), value: count(now.resolved_today), href: '/tickets?view=all&status=resolved' }),
      tile({ label: t('home.satisfaction'), value: stars.responses ? `${decimal(stars.average)} ★` : '–', hint: counted('home.ratings', stars.responses), href: '/analytics/csat' }));
  }

  /** @param {Api.Now} now @param {Api.FiguresAnswer_Vec_Volume} volume @param {Api.FiguresAnswer_AgentsFigures} agents @param {Api.PresenceView[]} presence */
  function drawCards(now, volume, agents, presence) {
    const pieces = volume.current;
    const labels = pieces.map((piece) => clock(piece.start));
    const of = (/** @type {'created' | 'resolved'} */ name) => pieces.map((piece) => piece[name]);
    const team = agents.current.agents.filter((one) => one.agent_id !== null).sort((a, b) => b.open_now - a.open_now);
    const rest = Math.max(0, now.open - now.calls_running - now.at_risk - now.breached);
    const order = ['online', 'away', 'offline'];
    const people = [...presence].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name));
    fill(cards,
      cardOf({ title: t('home.day'), wide: true, columns: [t('analytics.hour'), t('analytics.created'), t('analytics.resolved'), t('analytics.backlog')], rows: pieces.map((piece, at) => [labels[at], piece.created, piece.resolved, piece.backlog]),
        chart: () => timeChart({ label: t('home.day'), labels, series: [{ name: t('analytics.created'), kind: 'bar', tone: 'accent', values: of('created') }, { name: t('analytics.resolved'), kind: 'bar', tone: 'good', values: of('resolved') }] }) }, false),
      cardOf({ title: t('home.promises'), columns: [t('analytics.state'), t('analytics.tickets')], rows: now.open ? [[t('analytics.on_track'), rest], [t('home.at_risk'), now.at_risk], [t('home.breached'), now.breached]] : [],
        chart: () => stack({ label: t('home.promises'), parts: [{ name: t('analytics.on_track'), value: rest, tone: 'good' }, { name: t('home.at_risk'), value: now.at_risk, tone: 'warn' }, { name: t('home.breached'), value: now.breached, tone: 'bad' }] }) }, false),
      cardOf({ title: t('home.team'), hint: t('home.team_hint'), columns: [t('analytics.agent'), t('analytics.open_now'), t('analytics.escalation_rate')], rows: team.map((one) => [one.name ?? null, one.open_now, percent(one.escalation_rate)]),
        chart: () => barRows({ label: t('home.team'), rows: team.slice(0, 12).map((one) => ({ name: one.name, value: one.open_now, shown: count(one.open_now) })) }) }, false),
      cardOf({ title: t('admin.presence'), columns: [t('analytics.agent'), t('ticket.status'), t('analytics.open_now'), t('presence.capacity')], rows: people.map((one) => [one.name, t('presence.' + one.state), one.open_tickets, one.capacity]),
        chart: () => h('ul', { class: 'presence-rows' }, people.slice(0, 20).map((one) => h('li', {}, avatar(one.name, 'small'), h('span', { class: 'grow', dir: 'auto' }, one.name), h('span', { class: `presence is-${one.state}` }, t('presence.' + one.state)), h('span', { class: 'hint' }, `${count(one.open_tickets)} / ${count(one.capacity)}`)))) }, false));
  }

  const again = throttled(3_000, () => void load());
  const stops = [onEvent((event) => /^(ticket|call)\./.test(event.event) && again()), onResync(again)];
  const timer = setInterval(again, 60_000);
  void load();
  return {
    element,
    show: () => {},
    close() {
      stops.forEach((stop) => stop());
      clearInterval(timer);
    },
  };
}
