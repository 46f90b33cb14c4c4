// What admins look after. Each section is a table of what the API lists, a form for a new one, and what can be done with
// a line; settings that stand in the configuration file are shown with their names.

import { call, get } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { style } from '../pages.js';
import { openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { problem, toast } from '../parts/toast.js';
import { field, submit } from './gate.js';
import { SECTIONS } from './admin_sections.js';
import { channels, system } from './admin_box.js';

/** @typedef {{ name: string, label: string, type?: string, options?: string[], required?: boolean, list?: boolean, hint?: string, value?: string }} Field */
/** @typedef {{ label: string, danger?: boolean, when?: (row: any) => boolean, run: (row: any) => Promise<any> }} Action */
/** @typedef {{ name: string, label: () => string, path: string, rows: (answer: any) => any[], columns: { label: () => string, cell: (row: any) => any }[], fields?: () => Field[], body?: (given: Record<string, any>) => any, actions?: () => Action[], more?: (answer: any) => string | null }} Section */

/** Pages of their own form. @type {Record<string, () => HTMLElement>} */
const OTHERS = { channels, system };

/** @returns {import('../pages.js').Page} */
export default function adminPage() {
  const nav = h('nav', { class: 'admin-nav', 'aria-label': t('admin.title') });
  const main = h('div', { class: 'admin-main', role: 'region', 'aria-label': t('admin.title'), tabindex: 0 });
  const element = h('div', { class: 'admin' }, nav, main);
  void style('admin');
  let current = '';

  /** @param {Section} section */
  async function open(section) {
    const name = section.name;
    const body = h('div', {}, h('p', { class: 'hint' }, t('loading')));
    fill(main, h('header', { class: 'admin-head' }, h('h1', {}, section.label()), section.fields && h('button', { class: 'primary', onclick: () => make(section) }, t('admin.add'))), body);
    try {
      const answer = await get(section.path);
      if (current === name) fill(body, tableOf(section, answer));
    } catch (error) {
      if (current === name) fill(body, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {Section} section @param {any} answer */
  function tableOf(section, answer) {
    const rows = section.rows(answer);
    if (!rows.length) return h('p', { class: 'nothing' }, t('admin.none'));
    const actions = section.actions?.() || [];
    const next = section.more?.(answer);
    return [h('div', { class: 'admin-table', tabindex: 0, role: 'region', 'aria-label': section.label() }, h('table', {},
      h('thead', {}, h('tr', {}, section.columns.map((column) => h('th', { scope: 'col' }, column.label())), actions.length > 0 && h('th', {}, h('span', { class: 'only-read' }, t('admin.actions'))))),
      h('tbody', {}, rows.map((row) => h('tr', {}, section.columns.map((column) => h('td', { dir: 'auto' }, column.cell(row))),
        actions.length > 0 && h('td', { class: 'admin-actions' }, actions.filter((action) => !action.when || action.when(row)).map((action) => h('button', { class: 'quiet', onclick: () => void act(section, action, row) }, action.label)))))))),
    next && h('button', { class: 'wide quiet', onclick: (/** @type {Event} */ event) => void further(section, next, /** @type {HTMLElement} */ (event.currentTarget)) }, t('contacts.more'))];
  }

  /** @param {Section} section @param {string} path @param {HTMLElement} button */
  async function further(section, path, button) {
    try {
      button.replaceWith(...[tableOf(section, await get(path))].flat().filter(Boolean));
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Section} section @param {Action} action @param {any} row */
  async function act(section, action, row) {
    if (action.danger && !(await sure(action.label))) return;
    try {
      const answer = await action.run(row);
      if (!shown(answer)) toast(t('admin.done'));
      if (current === section.name) void open(section);
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Section} section */
  function make(section) {
    const fields = section.fields?.() || [];
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
      fields.map((one) => (one.options || one.type === 'area' ? chosen(one) : field(one.name, one.label, { type: one.type || 'text', required: one.required !== false, dir: 'auto', value: one.value || '', autocomplete: 'off' }, one.hint))),
      h('p', { class: 'form-error', role: 'alert', hidden: true }), h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('admin.add'))));
    const dialog = openDialog(section.label(), [form], 'narrow');
    async function work() {
      /** @type {Record<string, any>} */
      const given = {};
      for (const [name, value] of new FormData(form)) {
        const text = String(value).trim();
        const one = fields.find((known) => known.name === name);
        if (text) given[name] = one?.list ? text.split(/[;,\n]/).map((part) => part.trim()).filter(Boolean) : one?.type === 'number' ? Number(text) : text;
      }
      const answer = await call('POST', section.path.split('?')[0], section.body ? section.body(given) : given);
      dialog.close();
      if (!shown(answer)) toast(t('admin.done'));
      void open(section);
    }
  }

  return {
    element,
    show(path) {
      const names = [...SECTIONS.map((section) => section.name), ...Object.keys(OTHERS)];
      const asked = path.split('/')[2] || '';
      const next = names.includes(asked) ? asked : names[0];
      const link = (/** @type {string} */ name, /** @type {string} */ label) => h('a', { href: `/admin/${name}`, 'aria-current': name === next ? 'page' : false }, label);
      fill(nav, SECTIONS.map((section) => link(section.name, section.label())), link('channels', t('admin.channels')), link('system', t('admin.system')));
      current = next;
      const section = SECTIONS.find((one) => one.name === next);
      if (section) void open(section);
      else fill(main, OTHERS[next]());
    },
    close() {
      current = '';
    },
  };
}

/** @param {Field} one */
const chosen = (one) => h('div', { class: 'field' }, h('label', { for: one.name }, one.label),
  one.options ? h('select', { id: one.name, name: one.name }, one.options.map((option) => h('option', { value: option, selected: option === one.value }, option))) : h('textarea', { id: one.name, name: one.name, rows: 4, dir: 'auto', required: one.required !== false }), one.hint && h('p', { class: 'hint' }, one.hint), h('p', { class: 'field-error', id: `${one.name}-error`, hidden: true }));

/** What is shown once and never again, to be copied. Whether there was any. @param {any} answer */
function shown(answer) {
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
      await navigator.clipboard.writeText(text);
      toast(t('admin.copied'));
    } catch {
      // Without TLS browsers give no clipboard: it is marked, to be copied by hand.
      getSelection()?.selectAllChildren(place);
    }
  } }, icon('link'), t('admin.copy')));
}

/** @param {string} what @returns {Promise<boolean>} */
function sure(what) {
  return new Promise((answer) => {
    let yes = false;
    const dialog = openDialog(t('admin.sure'), [h('form', { method: 'dialog', onsubmit: () => { yes = true; } }, h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, what)))], 'narrow');
    dialog.addEventListener('close', () => answer(yes));
  });
}
