// Short words in the corner: what was done, what could not be done and why.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from './icons.js';

const MAX = 4;
/** @type {HTMLElement | null} */
let corner = null;

/**
 * @param {string} text
 * @param {{ kind?: 'done' | 'problem', action?: [string, () => void], keep?: number }} [how]
 */
export function toast(text, { kind = 'done', action, keep = kind === 'done' ? 5_000 : 9_000 } = {}) {
  if (!corner) {
    corner = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(/** @type {HTMLElement} */ (corner));
  }
  const away = () => box.remove();
  const does = action && h('button', { class: 'link', onclick: () => { away(); action[1](); } }, action[0]);
  const box = h('div', { class: `toast ${kind}` }, icon(kind === 'done' ? 'check' : 'alert'), h('span', {}, text), does,
    h('button', { class: 'quiet icon-only', 'aria-label': t('toast.close'), onclick: away }, icon('close')));
  corner?.append(box);
  while (corner && corner.children.length > MAX) corner.firstElementChild?.remove();
  setTimeout(away, keep);
}

/** What went wrong, in the daemon's own words. @param {any} error */
export function problem(error) {
  if (error.status === 0) return toast(t('toast.unreachable'), { kind: 'problem' });
  if (error.status === undefined) console.error(error);
  toast(error.message, { kind: 'problem' });
}
