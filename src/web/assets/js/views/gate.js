// What login and set-up have in common: a card in the middle, fields with their errors, the choice of language.

import { fill, h } from '../dom.js';
import { choose, language, languages, t } from '../i18n.js';
import { icon } from '../parts/icons.js';

/** @param {string} title @param {...any} content */
export function gate(title, ...content) {
  document.title = `${title} · frontdesk`;
  const select = h('select', { 'aria-label': t('language'), onchange: () => choose(select.value) },
    languages().map(([tag, name]) => h('option', { value: tag, lang: tag, selected: tag === language }, name)));
  return h('main', { class: 'gate' },
    h('div', { class: 'card' }, h('div', { class: 'brand' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'frontdesk'), h('h1', {}, title), content),
    h('p', { class: 'languages' }, icon('language'), select));
}

/**
 * A field with its label and its error.
 * @param {string} name @param {string} label @param {Record<string, any>} [input] @param {string} [hint]
 */
export function field(name, label, input = {}, hint = '') {
  const error = h('p', { class: 'field-error', id: `${name}-error`, hidden: true });
  const about = hint && h('p', { class: 'hint', id: `${name}-hint` }, hint);
  return h('div', { class: 'field' }, h('label', { for: name }, label),
    h('input', { id: name, name, required: true, 'aria-describedby': hint ? `${name}-hint ${name}-error` : `${name}-error`, ...input }), about, error);
}

/**
 * Shows what the daemon found wrong: at the fields that it names, else above the button.
 * @param {HTMLFormElement} form @param {any} error
 */
export function showErrors(form, error) {
  const general = /** @type {HTMLElement} */ (form.querySelector('.form-error'));
  let placed = false;
  for (const { field: name, detail, message } of error.problem?.errors || []) {
    const place = form.querySelector(`[id="${CSS.escape(name)}-error"]`);
    if (!place) continue;
    place.textContent = detail || message;
    /** @type {HTMLElement} */ (place).hidden = false;
    form.querySelector(`[id="${CSS.escape(name)}"]`)?.setAttribute('aria-invalid', 'true');
    placed = true;
  }
  general.hidden = placed;
  fill(general, icon('alert'), error.status === 0 ? t('toast.unreachable') : error.message);
}

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  for (const place of /** @type {any} */ (form.querySelectorAll('.field-error, .form-error'))) place.hidden = true;
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
}

/** Runs `work` once at a time; its button shows that it runs. @param {HTMLFormElement} form @param {() => Promise<void>} work */
export async function submit(form, work) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button.primary'));
  clearErrors(form);
  button.disabled = true;
  form.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    showErrors(form, error);
  } finally {
    button.disabled = false;
    form.removeAttribute('aria-busy');
  }
}
