// Times as people read them: how long ago, kept true as time goes on; the exact time on hovering.

import { h } from './dom.js';
import { region as language } from './i18n.js';

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** @type {Map<string, any>} */
const formats = new Map();

/** @template T @param {string} name @param {() => T} make @returns {T} */
function format(name, make) {
  if (!formats.has(name)) formats.set(name, make());
  return formats.get(name);
}

/** "3 min. ago". @param {string} at */
export function ago(at) {
  const relative = format('relative', () => new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'narrow' }));
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) || ['second', 1];
  // What has just been is "now", not "in 1 second", whichever clock is a little ahead.
  return relative.format(unit === 'second' ? 0 : Math.trunc(seconds / length), unit);
}

/** @param {string} at */
export const exact = (at) =>
  format('exact', () => new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'medium' })).format(new Date(at));

/** @param {string} at */
export const clock = (at) =>
  format('clock', () => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' })).format(new Date(at));

/** @param {string} at */
export const day = (at) =>
  format('day', () => new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })).format(new Date(at));

/** "3 Feb 2031". @param {string} at */
export const date = (at) =>
  format('date', () => new Intl.DateTimeFormat(language, { dateStyle: 'medium' })).format(new Date(at));

/** An element that shows how long ago something was. @param {string} at @param {string} [className] */
export function since(at, className = '') {
  return h('time', { datetime: at, title: exact(at), class: `since ${className}` }, ago(at));
}

/** "2:05", of a call that runs. @param {string} from */
export function running(from) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(from)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** An element that counts up. @param {string} from */
export const counter = (from) => h('span', { class: 'counter', dataset: { from } }, running(from));

function refresh() {
  for (const element of document.querySelectorAll('time.since')) {
    const text = ago(element.getAttribute('datetime') || '');
    if (element.textContent !== text) element.textContent = text;
  }
}

function tick() {
  for (const element of /** @type {any} */ (document.querySelectorAll('.counter'))) {
    element.textContent = running(element.dataset.from);
  }
}

setInterval(refresh, 20_000);
setInterval(tick, 1_000);
