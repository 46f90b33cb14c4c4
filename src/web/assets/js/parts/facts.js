// Facts of the box and of what it holds, a small card each, in groups with a heading.

import { h } from '../dom.js';
import { number } from '../i18n.js';

/** @param {number | null | undefined} bytes */
export const size = (bytes) => (bytes === null || bytes === undefined ? '–' : bytes < 1_048_576 ? `${number(Math.round(bytes / 1024))} KB` : bytes < 1_073_741_824 ? `${number(Math.round(bytes / 104_857.6) / 10)} MB` : `${number(Math.round(bytes / 107_374_182.4) / 10)} GB`);

/** @param {string} label @param {any} value @param {boolean} [isTold] in words, over the whole width */
export const fact = (label, value, isTold = false) => h('div', { class: isTold ? 'figure told' : 'figure' }, h('dt', {}, label), h('dd', { dir: 'auto' }, value));

/** @param {string} name @param {any[]} facts */
export const group = (name, ...facts) => h('section', { class: 'figure-group', 'aria-label': name }, h('h2', {}, name), h('dl', { class: 'figures' }, facts));

/** A table with a heading of its own. @param {string} name @param {string[]} heads @param {any[][]} rows */
export const table = (name, heads, rows) => h('div', { class: 'admin-table', tabindex: 0, role: 'region', 'aria-label': name }, h('table', {},
  h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
  h('tbody', {}, rows.map((row) => h('tr', {}, row.map((cell) => h('td', { dir: 'auto' }, cell)))))));
