// A question in the middle of the page.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from './icons.js';

/** A dialog that is gone when it is closed. @param {string} title @param {any[]} content @param {string} [className] */
export function openDialog(title, content, className = '') {
  const heading = h('h2', { id: 'dialog-title', tabindex: -1, autofocus: true }, title);
  const close = h('button', { class: 'quiet icon-only', type: 'button', 'aria-label': t('dialog.close'), onclick: () => dialog.close() }, icon('close'));
  const dialog = h('dialog', { class: className, 'aria-labelledby': 'dialog-title' }, h('header', {}, heading, close), content);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (/** @type {Event} */ event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Asks for a line of text. @returns {Promise<string | null>} null when it was given up
 * @param {{ title: string, label: string, action: string, required?: boolean, max?: number, value?: string, line?: boolean }} what `line`: of one line, so that Enter sends it
 */
export function ask({ title, label, action, required = true, max = 2000, value = '', line = false }) {
  return new Promise((answer) => {
    const text = h(line ? 'input' : 'textarea', { id: 'ask', rows: line ? null : 4, maxlength: max, required, value, dir: 'auto', autocomplete: 'off', autofocus: true });
    const form = h('form', { method: 'dialog', onsubmit: () => { given = text.value.trim(); } },
      h('label', { for: 'ask' }, label), text,
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, action)));
    /** @type {string | null} */
    let given = null;
    const dialog = openDialog(title, [form], 'narrow');
    dialog.addEventListener('close', () => answer(given));
  });
}

/** Asks whether something is to be done that cannot be undone. @param {string} what @returns {Promise<boolean>} */
export function sure(what) {
  return new Promise((answer) => {
    let yes = false;
    const dialog = openDialog(t('admin.sure'), [h('form', { method: 'dialog', onsubmit: () => { yes = true; } }, h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, what)))], 'narrow');
    dialog.addEventListener('close', () => answer(yes));
  });
}
