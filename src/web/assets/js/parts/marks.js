// Status and priority: a shape, a word and a colour each, so that none of the three is needed (S2.40, S2.41).

import { h, svg } from '../dom.js';
import { t } from '../i18n.js';
import { channelIcon } from './icons.js';

export const STATUSES = ['new', 'open', 'in_progress', 'pending', 'waiting_internal', 'resolved', 'closed'];
export const OPEN = ['new', 'open', 'in_progress', 'pending', 'waiting_internal'];
export const PRIORITIES = ['urgent', 'high', 'medium', 'low'];

/** What may follow a status; the daemon has the last word. @type {Record<string, string[]>} */
export const NEXT = {
  new: ['open', 'in_progress', 'pending', 'resolved', 'closed'],
  open: ['in_progress', 'pending', 'waiting_internal', 'resolved', 'closed'],
  in_progress: ['open', 'pending', 'waiting_internal', 'resolved', 'closed'],
  pending: ['in_progress', 'waiting_internal', 'resolved', 'closed'],
  waiting_internal: ['in_progress', 'pending', 'resolved', 'closed'],
  resolved: ['closed', 'open'],
  closed: ['open'],
};

/** A ring that fills as the work goes on. @type {Record<string, [string, string][]>} */
const SHAPES = {
  new: [['ring dashed', 'M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Z']],
  open: [['ring', 'M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Z']],
  in_progress: [['ring', 'M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Z'], ['solid', 'M8 4.750a3.250 3.250 0 0 1 0 6.500Z']],
  pending: [['ring', 'M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Z'], ['ring', 'M6.500 6v4M9.500 6v4']],
  waiting_internal: [['ring', 'M8 2.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Z'], ['ring', 'M5.500 8h.01M8 8h.01M10.500 8h.01']],
  resolved: [['disc', 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z'], ['cut', 'm5.250 8.250 2 2 3.500-4']],
  closed: [['disc', 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z'], ['cut', 'M5.500 8h5']],
};

/** @param {string} status */
export function statusShape(status) {
  const paths = (SHAPES[status] || SHAPES.open).map(([kind, d]) => svg('path', { class: kind, d }));
  return svg('svg', { viewBox: '0 0 16 16', class: `icon shape status-${status}`, 'aria-hidden': 'true' }, ...paths);
}

/** @param {string} priority */
export function priorityShape(priority) {
  const height = { low: 1, medium: 2, high: 3, urgent: 4 }[priority] || 2;
  const shape = svg('svg', { viewBox: '0 0 16 16', class: `icon shape priority-${priority}`, 'aria-hidden': 'true' });
  if (priority === 'urgent') {
    shape.append(svg('rect', { class: 'disc', x: 2, y: 2, width: 12, height: 12, rx: 3 }));
    shape.append(svg('path', { class: 'cut', d: 'M8 4.750v4M8 11.250v.01' }));
    return shape;
  }
  for (let bar = 0; bar < 3; bar += 1) {
    const tall = 4 + bar * 3.5;
    shape.append(svg('rect', { class: bar < height ? 'bar' : 'bar off', x: 2 + bar * 4.500, y: 14 - tall, width: 3, height: tall, rx: 1 }));
  }
  return shape;
}

/** @param {string} status */
export const statusWord = (status) => t('status.' + status);
/** @param {string} priority */
export const priorityWord = (priority) => t('priority.' + priority);
/** @param {string} channel */
export const channelWord = (channel) => t('channel.' + channel);

/** @param {string} status */
export const statusBadge = (status) => h('span', { class: `badge status-${status}` }, statusShape(status), statusWord(status));

/** @param {string} priority @param {{ words?: boolean }} [how] */
export function priorityBadge(priority, { words = true } = {}) {
  const dot = priority === 'urgent' && h('span', { class: 'pulse', 'aria-hidden': 'true' });
  const text = h('span', { class: words ? '' : 'only-read' }, priorityWord(priority));
  return h('span', { class: `priority priority-${priority}`, title: t('priority.title', { priority: priorityWord(priority) }) }, priorityShape(priority), dot, text);
}

/** @param {string} channel */
export const channelMark = (channel) => h('span', { class: 'channel', title: channelWord(channel) }, channelIcon(channel), h('span', { class: 'only-read' }, channelWord(channel)));

/** Letters of a name in a disc whose hue is the name's own. @param {string | null | undefined} name @param {string} [className] */
export function avatar(name, className = '') {
  const words = (name || '?').trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words[words.length - 1] : ''].map((word) => [...word][0] || '').join('');
  let hue = 0;
  for (const letter of name || '') hue = (hue * 31 + (letter.codePointAt(0) || 0)) % 8;
  return h('span', { class: `avatar hue-${hue} ${className}`, 'aria-hidden': 'true' }, letters.toUpperCase());
}

/** A customer's rating: as many full stars of five, and read as a number. @param {number} rating 1 to 5 */
export const stars = (rating) => h('span', { class: 'stars-given', role: 'img', 'aria-label': t('details.stars', { count: rating }) }, '★'.repeat(rating) + '☆'.repeat(5 - rating));
