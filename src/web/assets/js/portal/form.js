// What the customers' forms have in common.

import { h } from '../dom.js';
import { icon } from '../parts/icons.js';
import { clearErrors, showErrors } from '../views/gate.js';

/** @param {string} name @param {string} label @param {Record<string, any>} [more] */
export const area = (name, label, more = {}) => h('div', { class: 'field' }, h('label', { for: name }, label),
  h('textarea', { id: name, name, rows: 5, required: true, maxlength: 10_000, dir: 'auto', 'aria-describedby': `${name}-error`, ...more }), h('p', { class: 'field-error', id: `${name}-error`, hidden: true }));

/** A form that tells what was wrong and keeps what was written. @param {string} action @param {(given: FormData) => Promise<void>} send @param {...any} content */
export function form(action, send, ...content) {
  const button = h('button', { class: 'primary wide' }, action);
  const element = h('form', { novalidate: false, onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    clearErrors(element);
    button.disabled = true;
    try {
      await send(new FormData(element));
    } catch (error) {
      showErrors(element, error);
    } finally {
      button.disabled = false;
    }
  } }, content, h('p', { class: 'form-error', role: 'alert', hidden: true }, icon('alert')), button);
  return element;
}

/** Not `randomUUID`, which browsers have under TLS alone. */
export const randomKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
