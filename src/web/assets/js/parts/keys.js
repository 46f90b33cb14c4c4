// Keys. One table says what each does and is what the overview shows. Single letters can be switched off, as those
// who speak to their machine need it (WCAG 2.1.4).

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { openDialog } from './dialog.js';

/** @typedef {{ keys: string, group: string, label: string, run: (event: KeyboardEvent) => void, when?: () => boolean }} Key */

/** @type {Map<string, Key>} */
const table = new Map();
let first = '';
let firstAt = 0;

/** @param {Key[]} keys */
export function bind(keys) {
  for (const key of keys) table.set(key.keys, key);
}

const lettersOff = () => localStorage.getItem('letters') === 'off';

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.isComposing || event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (control) return run(`ctrl ${key}`, event);
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
  if (lettersOff() && key.length === 1 && key !== '?') return;
  const followed = first && performance.now() - firstAt < 1_200 ? `${first} ${key}` : '';
  first = '';
  if (followed && table.has(followed)) return run(followed, event);
  if ([...table.keys()].some((keys) => keys.startsWith(`${key} `))) {
    first = key;
    firstAt = performance.now();
    return;
  }
  run(key, event);
}

/** @param {string} keys @param {KeyboardEvent} event */
function run(keys, event) {
  const found = table.get(keys);
  if (!found || (found.when && !found.when())) return;
  event.preventDefault();
  found.run(event);
}

/** As it stands on a key. @param {string} keys */
const caps = (keys) => {
  const names = /** @type {Record<string, string>} */ ({ ctrl: navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl', Escape: 'Esc', Enter: '↵' });
  return keys.split(' ').map((key) => h('kbd', {}, names[key] || key.toUpperCase()));
};

export function overview() {
  /** @type {Map<string, Key[]>} */
  const groups = new Map();
  for (const key of table.values()) groups.set(key.group, [...(groups.get(key.group) || []), key]);
  const sections = [...groups].map(([group, keys]) => h('section', {}, h('h3', {}, group),
    h('dl', {}, keys.map((key) => [h('dt', {}, caps(key.keys)), h('dd', {}, key.label)]))));
  const toggle = h('input', { type: 'checkbox', id: 'letters', onchange: () => localStorage.setItem('letters', toggle.checked ? 'on' : 'off') });
  toggle.checked = !lettersOff();
  openDialog(t('keys.title'), [h('div', { class: 'key-groups' }, sections), h('p', { class: 'check' }, toggle, h('label', { for: 'letters' }, t('keys.letters')))], 'wide');
}

document.addEventListener('keydown', pressed);
