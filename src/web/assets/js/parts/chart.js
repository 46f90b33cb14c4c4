// Charts as SVG, drawn for the width that they get. Each says in words what it shows; the numbers stand in the table
// that every chart can be turned into.

import { fill, h, svg } from '../dom.js';
import { number } from '../i18n.js';

/** @typedef {{ name: string, kind: 'bar' | 'line', tone: string, values: number[] }} Series */

/**
 * An element that draws itself anew when its width changes.
 * @param {string} label
 * @param {number} height
 * @param {(width: number, height: number) => any[]} draw
 */
function drawn(label, height, draw) {
  const box = h('div', { class: 'chart' });
  let width = 0;
  const watcher = new ResizeObserver(() => {
    const now = Math.floor(box.clientWidth);
    if (!box.isConnected) return watcher.disconnect();
    if (!now || now === width) return;
    width = now;
    fill(box, svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, ...draw(width, height)));
  });
  watcher.observe(box);
  return box;
}

/** The least round number that is not below and whose quarters are whole. @param {number} most */
function ceiling(most) {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1.2, 1.6, 2, 4, 6, 8, 12].map((step) => Math.round(step * power)).find((step) => step >= most && step % 4 === 0) || most;
}

/** Text in a chart. @param {number} x @param {number} y @param {string} text @param {string} anchor */
const word = (x, y, text, anchor) => svg('text', { x, y, 'text-anchor': anchor }, text);

/**
 * Bars side by side and lines over a row of labels.
 * @param {{ label: string, labels: string[], series: Series[], format?: (value: number) => string, most?: number, height?: number }} chart
 */
export function timeChart({ label, labels, series, format = number, most, height = 240 }) {
  const top = most || ceiling(Math.max(0, ...series.flatMap((one) => one.values)));
  const bars = series.filter((one) => one.kind === 'bar');
  const chart = drawn(label, height, (width) => {
    const steps = [0, 0.25, 0.5, 0.75, 1].map((part) => part * top);
    const left = 12 + 7 * Math.max(...steps.map((step) => format(step).length));
    const [right, upper, lower] = [width - 8, 10, height - 26];
    const slot = (right - left) / Math.max(1, labels.length);
    const y = (/** @type {number} */ value) => lower - (Math.min(value, top) / top) * (lower - upper);
    const parts = steps.flatMap((step) => [svg('line', { class: 'grid', x1: left, x2: right, y1: y(step), y2: y(step) }), word(left - 8, y(step) + 4, format(step), 'end')]);
    const wide = Math.max(1, Math.min(22, (slot * 0.72) / Math.max(1, bars.length)));
    bars.forEach((one, nth) => one.values.forEach((value, at) => {
      const x = left + slot * (at + 0.5) + (nth - bars.length / 2) * wide;
      parts.push(svg('rect', { class: `tone-${one.tone}`, x: x + wide * 0.06, y: y(value), width: Math.max(1, wide * 0.88), height: lower - y(value), rx: Math.min(3, wide / 4) }));
    }));
    for (const one of series.filter((each) => each.kind === 'line')) {
      const points = one.values.map((value, at) => `${left + slot * (at + 0.5)},${y(value)}`);
      parts.push(svg('polyline', { class: `line tone-${one.tone}`, points: points.join(' ') }));
      if (points.length === 1) parts.push(svg('circle', { class: `tone-${one.tone}`, cx: left + slot / 2, cy: y(one.values[0]), r: 3 }));
    }
    const every = Math.max(1, Math.ceil((labels.length * (10 + 7 * Math.max(1, ...labels.map((text) => text.length)))) / (right - left)));
    labels.forEach((text, at) => {
      const x = left + slot * (at + 0.5);
      if (at % every === 0) parts.push(word(x, height - 7, text, 'middle'));
      const told = [text, ...series.map((one) => `${one.name}: ${format(one.values[at])}`)].join('\n');
      parts.push(svg('rect', { class: 'hit', x: left + slot * at, y: upper, width: slot, height: lower - upper }, svg('title', {}, told)));
    });
    return parts;
  });
  return h('div', { class: 'chart-box' }, series.length > 1 && legend(series), chart);
}

/** @param {{ name: string, kind?: string, tone: string }[]} series */
const legend = (series) => h('ul', { class: 'legend' }, series.map((one) => h('li', {},
  svg('svg', { viewBox: '0 0 16 10', width: 16, height: 10, 'aria-hidden': 'true' }, one.kind === 'line' ? svg('path', { class: `line tone-${one.tone}`, d: 'M0 5h16' }) : svg('rect', { class: `tone-${one.tone}`, x: 3, width: 10, height: 10, rx: 2 })), one.name)));

/**
 * A bar a row, with its words before and its number behind.
 * @param {{ label: string, rows: { name: any, value: number, shown: string, tone?: string }[], most?: number }} chart
 */
export function barRows({ label, rows, most }) {
  const top = most || Math.max(1, ...rows.map((row) => row.value));
  return h('ul', { class: 'bar-rows', 'aria-label': label }, rows.map((row) => h('li', {}, h('span', { class: 'bar-name', dir: 'auto' }, row.name),
    svg('svg', { class: 'bar', height: 12, 'aria-hidden': 'true' }, svg('rect', { class: 'bar-ground', width: '100%', height: 12, rx: 4 }), row.value > 0 && svg('rect', { class: `tone-${row.tone || 'accent'}`, width: `${Math.max(1, (100 * row.value) / top)}%`, height: 12, rx: 4 })), h('span', { class: 'bar-value' }, row.shown))));
}

/**
 * Parts of one whole in a single bar.
 * @param {{ label: string, parts: { name: string, value: number, tone: string }[] }} chart
 */
export function stack({ label, parts }) {
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  let at = 0;
  const boxes = parts.filter((part) => part.value > 0).map((part) => {
    const share = (100 * part.value) / whole;
    const box = svg('rect', { class: `tone-${part.tone}`, x: `${at}%`, width: `${share}%`, height: 18 }, svg('title', {}, `${part.name}: ${number(part.value)}`));
    at += share;
    return box;
  });
  return h('div', { class: 'chart-box' }, svg('svg', { class: 'stack', height: 18, role: 'img', 'aria-label': label }, svg('rect', { class: 'bar-ground', width: '100%', height: 18 }), ...boxes),
    legend(parts.map((part) => ({ ...part, name: `${part.name} ${number(part.value)}` }))));
}

/**
 * The hours of a week; the darker, the more.
 * @param {{ label: string, days: string[], hours: string[], values: number[][] }} chart
 */
export function heatMap({ label, days, hours, values }) {
  const most = Math.max(1, ...values.flat());
  const row = 26;
  return drawn(label, row * 7 + 26, (width) => {
    const left = 10 + 7.5 * Math.max(...days.map((day) => day.length));
    const slot = (width - left) / 24;
    const every = slot * 3 > 44 ? (slot > 44 ? 1 : 3) : 6;
    const parts = days.map((day, at) => word(left - 8, at * row + 17, day, 'end'));
    values.forEach((of, day) => of.forEach((value, hour) => {
      const place = { x: left + hour * slot + 1, y: day * row + 1, width: Math.max(2, slot - 2), height: row - 2, rx: 3 };
      parts.push(svg('rect', { ...place, class: 'heat-ground' }));
      parts.push(svg('rect', { ...place, class: 'heat', 'fill-opacity': value ? 0.14 + (0.86 * value) / most : 0 }, svg('title', {}, `${days[day]} ${hours[hour]}: ${number(value)}`)));
    }));
    hours.forEach((hour, at) => at % every === 0 && parts.push(word(left + slot * (at + 0.5), row * 7 + 17, hour, 'middle')));
    return parts;
  });
}
