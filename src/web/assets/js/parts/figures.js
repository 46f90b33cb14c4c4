// Figures as people read them, and the cards that show them: as a chart, as a table, as a file.

import { fill, h } from '../dom.js';
import { language, number, t } from '../i18n.js';
import { icon } from './icons.js';

/** @typedef {{ title: string, hint?: string, wide?: boolean, chart: () => any, columns: string[], rows: (string | number | null)[][] }} Card */

const NONE = '–';

/** @param {string} unit */
const unit = (unit) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 0 });
const UNITS = { second: unit('second'), minute: unit('minute'), hour: unit('hour'), day: unit('day') };

/** "2h 5m": the two largest parts. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  const whole = Math.round(seconds);
  if (whole < 60) return UNITS.second.format(whole);
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86_400)];
  const parts = days ? [UNITS.day.format(days), hours % 24 && UNITS.hour.format(hours % 24)] : hours ? [UNITS.hour.format(hours), minutes % 60 && UNITS.minute.format(minutes % 60)] : [UNITS.minute.format(minutes)];
  return parts.filter(Boolean).join(' ');
}

/** @param {number | null | undefined} part */
export const percent = (part) => (part === null || part === undefined ? NONE : new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(part));

/** @param {number | null | undefined} value */
export const decimal = (value) => (value === null || value === undefined ? NONE : new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value));

/** @param {number | null | undefined} value */
export const count = (value) => (value === null || value === undefined ? NONE : number(value));

/**
 * How a figure differs from the one before.
 * @param {number | null | undefined} now @param {number | null | undefined} before @param {number} good 1: more is better, -1: less is, 0: neither
 */
function difference(now, before, good) {
  if (now === null || now === undefined || before === null || before === undefined) return null;
  const change = before === 0 ? (now === 0 ? 0 : null) : (now - before) / Math.abs(before);
  if (change === null) return null;
  const sign = Math.abs(change) < 0.0005 ? 0 : Math.sign(change);
  const look = sign * good > 0 ? 'better' : sign * good < 0 ? 'worse' : 'same';
  const shown = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(change);
  return h('span', { class: `change ${look}`, title: t('analytics.before') }, `${sign > 0 ? '↑' : sign < 0 ? '↓' : '='} ${shown}`);
}

/**
 * One figure.
 * @param {{ label: string, value: string, hint?: string, href?: string, tone?: string, now?: number | null, before?: number | null, good?: number }} figure
 */
export function tile({ label, value, hint, href, tone = '', now, before, good = 0 }) {
  const inside = [h('span', { class: 'tile-label' }, label), h('span', { class: 'tile-value' }, value, difference(now, before, good)), h('span', { class: 'tile-hint' }, hint || '')];
  return href ? h('a', { class: `tile ${tone}`, href }, inside) : h('div', { class: `tile ${tone}` }, inside);
}

/** A table of what a card shows. @param {Card} card */
function table(card) {
  const cell = (/** @type {string | number | null} */ value) => (typeof value === 'number' ? decimal(value) : value === null ? NONE : value);
  return h('div', { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': card.title }, h('table', {}, h('thead', {}, h('tr', {}, card.columns.map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, card.rows.map((row) => h('tr', {}, row.map((value, at) => (at === 0 ? h('th', { scope: 'row', dir: 'auto' }, cell(value)) : h('td', {}, cell(value)))))))));
}

/** As the daemon's own export: quoted where it must be, and no formula. @param {string | number | null} value */
function field(value) {
  const text = value === null ? '' : String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {Card} card */
function save(card) {
  const lines = [card.columns, ...card.rows].map((row) => row.map(field).join(','));
  const url = URL.createObjectURL(new Blob([`\ufeff${lines.join('\r\n')}\r\n`], { type: 'text/csv' }));
  const link = h('a', { href: url, download: `${card.title.toLowerCase().replaceAll(/[\s/]+/g, '-')}.csv`, 'data-plain': true });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** @param {Card} card @param {boolean} asTable how it begins */
export function cardOf(card, asTable) {
  const body = h('div', { class: 'card-body' });
  const turn = h('button', { class: 'quiet icon-only', title: t('analytics.as_table'), 'aria-label': `${card.title}: ${t('analytics.as_table')}`, 'aria-pressed': String(asTable), onclick: () => draw(turn.getAttribute('aria-pressed') !== 'true') }, icon('desk'));
  /** @param {boolean} isTable */
  function draw(isTable) {
    turn.setAttribute('aria-pressed', String(isTable));
    fill(body, card.rows.length === 0 ? h('p', { class: 'hint nothing' }, t('analytics.nothing')) : isTable ? table(card) : card.chart());
  }
  draw(asTable);
  return h('section', { class: `card${card.wide ? ' wide' : ''}`, 'aria-label': card.title }, h('header', {}, h('div', { class: 'grow' }, h('h2', {}, card.title), card.hint && h('p', { class: 'hint' }, card.hint)), turn,
    h('button', { class: 'quiet icon-only', title: t('analytics.save'), 'aria-label': `${card.title}: ${t('analytics.save')}`, disabled: card.rows.length === 0, onclick: () => save(card) }, icon('download'))), body);
}
