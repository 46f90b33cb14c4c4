// A list to choose from, at the button that opened it. Typing narrows it; arrows, Enter and Escape do what they
// should.

import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from './icons.js';

/** @typedef {{ label: string, mark?: Node, hint?: string, current?: boolean, run: () => void }} Choice */

/** @type {(() => void) | null} */
let closeOpen = null;

/**
 * @param {HTMLElement} anchor
 * @param {{ label: string, choices: Choice[] | (() => Promise<Choice[]>), filter?: boolean }} menu
 */
export async function openMenu(anchor, { label, choices, filter = false }) {
  closeOpen?.();
  const list = h('ul', { class: 'choices', role: 'listbox', 'aria-label': label, id: 'menu-choices' });
  const input = h('input', { class: filter ? 'menu-filter' : 'only-read', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'menu-choices', 'aria-label': label, placeholder: label, autocomplete: 'off', readonly: !filter });
  const box = h('div', { class: 'menu', popover: 'manual' }, input, list);
  document.body.append(box);
  /** @type {Choice[]} */
  let all = [];
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;

  const close = () => {
    closeOpen = null;
    document.removeEventListener('pointerdown', outside, true);
    box.remove();
    if (document.activeElement === document.body || document.activeElement === null) anchor.focus();
  };
  /** @param {Event} event */
  const outside = (event) => {
    if (!box.contains(/** @type {Node} */ (event.target))) close();
  };
  /** @param {Choice} choice */
  const take = (choice) => {
    close();
    anchor.focus();
    choice.run();
  };
  const draw = () => {
    fill(list, shown.map((choice, index) => h('li', { role: 'option', id: `choice-${index}`, 'aria-selected': String(index === at), class: index === at ? 'at' : '', onclick: () => take(choice), onpointermove: () => { if (at !== index) { at = index; mark(); } } },
      choice.mark, h('span', { class: 'grow' }, choice.label), choice.hint && h('kbd', {}, choice.hint), choice.current && icon('check'))));
    if (!shown.length) list.append(h('li', { class: 'empty', role: 'presentation' }, t('menu.none')));
    mark();
  };
  const mark = () => {
    [...list.children].forEach((child, index) => {
      child.classList.toggle('at', index === at);
      if (child.getAttribute('role') === 'option') child.setAttribute('aria-selected', String(index === at));
    });
    input.setAttribute('aria-activedescendant', shown.length ? `choice-${at}` : '');
    list.children[at]?.scrollIntoView({ block: 'nearest' });
  };
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLocaleLowerCase();
    shown = all.filter((choice) => choice.label.toLocaleLowerCase().includes(wanted));
    at = 0;
    draw();
  });
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const step = /** @type {any} */ (steps)[event.key];
    if (step && shown.length) {
      at = (at + step + shown.length) % shown.length;
      mark();
    } else if (event.key === 'Enter' && shown[at]) take(shown[at]);
    else if (event.key === 'Escape' || event.key === 'Tab') {
      close();
      anchor.focus();
    } else return;
    event.preventDefault();
  });
  closeOpen = close;
  box.showPopover();
  place(box, anchor);
  input.focus();
  document.addEventListener('pointerdown', outside, true);
  fill(list, h('li', { class: 'empty', role: 'presentation' }, t('loading')));
  try {
    all = typeof choices === 'function' ? await choices() : choices;
  } catch (error) {
    fill(list, h('li', { class: 'empty', role: 'presentation' }, /** @type {Error} */ (error).message));
    return;
  }
  shown = all;
  at = Math.max(0, all.findIndex((choice) => choice.current));
  draw();
  place(box, anchor);
}

/** Below the anchor, or above it where there is more room. @param {HTMLElement} box @param {HTMLElement} anchor */
function place(box, anchor) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const rightToLeft = document.documentElement.dir === 'rtl';
  const start = rightToLeft ? at.right - width : at.left;
  const below = at.bottom + 4 + height <= innerHeight || at.top < height;
  box.style.left = `${Math.max(8, Math.min(start, innerWidth - width - 8))}px`;
  box.style.top = `${Math.max(8, below ? Math.min(at.bottom + 4, innerHeight - height - 8) : at.top - height - 4)}px`;
}
