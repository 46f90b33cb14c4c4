// The form of one line of a section: for a new one, and for one that is there.

import { call } from '../api.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { toast } from '../parts/toast.js';
import { field, submit } from './gate.js';

/** @typedef {{ name: string, label: string, type?: string, options?: (string | [string, string])[], required?: boolean, list?: boolean, hint?: string, value?: any, half?: boolean }} Field `options` may name what they show; `half`: beside another of its kind */

/** @param {Field} one */
function input(one) {
  if (one.type === 'check') {
    const box = h('input', { type: 'checkbox', id: one.name, name: one.name });
    box.checked = Boolean(one.value);
    return h('p', { class: 'check' }, box, h('label', { for: one.name }, one.label));
  }
  const value = Array.isArray(one.value) ? one.value.join(', ') : one.value ?? '';
  if (!one.options && one.type !== 'area') return field(one.name, one.label, { type: one.type || 'text', step: one.type === 'number' ? 'any' : null, required: one.required !== false, dir: 'auto', value, autocomplete: 'off' }, one.hint);
  return h('div', { class: 'field' }, h('label', { for: one.name }, one.label),
    one.options ? h('select', { id: one.name, name: one.name }, one.options.map((option) => (typeof option === 'string' ? [option, option] : option)).map(([id, word]) => h('option', { value: id, selected: id === String(value) }, word)))
      : h('textarea', { id: one.name, name: one.name, rows: 4, dir: 'auto', required: one.required !== false, value }),
    one.hint && h('p', { class: 'hint' }, one.hint), h('p', { class: 'field-error', id: `${one.name}-error`, hidden: true }));
}

/** What a form says: nothing for what is empty, but null where something stood before. @param {HTMLFormElement} form @param {Field[]} fields @param {boolean} isKnown */
function read(form, fields, isKnown) {
  const data = new FormData(form);
  /** @type {Record<string, any>} */
  const given = {};
  for (const one of fields) {
    const text = String(data.get(one.name) ?? '').trim();
    if (one.type === 'check') given[one.name] = data.has(one.name);
    else if (one.list) given[one.name] = text.split(/[;,\n]/).map((part) => part.trim()).filter(Boolean);
    else if (text) given[one.name] = one.type === 'number' ? Number(text) : text;
    else if (isKnown && one.required === false) given[one.name] = null;
  }
  return given;
}

/**
 * @param {import('./admin.js').Section} section @param {Field[]} fields @param {any} row the one that is changed; none makes a new one
 * @param {(answer: any) => void} done
 */
export function openForm(section, fields, row, done) {
  const path = section.path.split('?')[0];
  const form = h('form', { class: fields.some((one) => one.half) ? 'two' : '', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
    fields.map((one) => {
      const shown = input(one);
      shown.classList.toggle('half', Boolean(one.half));
      return shown;
    }), h('p', { class: 'form-error', role: 'alert', hidden: true }),
    h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, row ? t('rule.save') : t('admin.add'))));
  const dialog = openDialog(section.label(), [form], 'narrow');
  async function work() {
    const given = read(form, fields, Boolean(row));
    const body = section.body ? section.body(given) : given;
    const answer = await (row ? call('PUT', section.editAt?.(row) || `${path}/${row.id}`, body) : call('POST', path, body));
    dialog.close();
    done(answer);
  }
}

/** What is shown once and never again, to be copied. Whether there was any. @param {any} answer */
export function shown(answer) {
  const secret = answer?.token || answer?.link || answer?.secret;
  if (typeof secret !== 'string') return false;
  openDialog(t('admin.once'), [h('p', {}, t('admin.once_hint'), copied(secret))], 'narrow');
  return true;
}

/** A text with a button that copies it. @param {string} text */
export function copied(text) {
  const place = h('code', { class: 'copy-text', dir: 'ltr', tabindex: 0 }, text);
  return h('span', { class: 'copy' }, place, h('button', { class: 'quiet', type: 'button', onclick: async () => {
    try {
      await navigator.clipboard.writeText(place.textContent || '');
      toast(t('admin.copied'));
    } catch {
      // Without TLS browsers give no clipboard: it is marked, to be copied by hand.
      getSelection()?.selectAllChildren(place);
    }
  } }, icon('link'), t('admin.copy')));
}

/** Several lines with such a button. @param {string} text */
export function lines(text) {
  const box = copied(text);
  box.classList.add('copy-lines');
  return box;
}
