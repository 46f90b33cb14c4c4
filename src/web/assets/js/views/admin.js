// What admins look after. Each section is a table of what the API lists, a form for a new one, and what can be done with
// a line, or a page of its own form; settings that stand in the configuration file are shown with their names.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { style } from '../pages.js';
import { sure } from '../parts/dialog.js';
import { problem, toast } from '../parts/toast.js';
import { SECTIONS } from './admin_sections.js';
import { openForm, shown } from './admin_form.js';

/**
 * @template [Row=any]
 * @typedef {{ label: string, danger?: boolean, when?: (row: Row) => boolean, href?: (row: Row) => string, run?: (row: Row) => Promise<any> }} Action what can be done with a line
 */
/**
 * A list of the API: `edits`: lines can be changed; `adds`: false where none can be made; `every`: read again after so
 * many milliseconds.
 * @template [Answer=any]
 * @template [Row=any]
 * @typedef {{ name: string, label: () => string, path: string, rows: (answer: Answer) => Row[], columns: { label: () => string, cell: (row: Row) => any }[], fields?: (row?: Row) => import('./admin_form.js').Field[] | Promise<import('./admin_form.js').Field[]>, body?: (given: Record<string, any>) => any, edits?: boolean, adds?: boolean, editAt?: (row: Row) => string, actions?: () => Action<Row>[], more?: (answer: Answer) => string | null, every?: number }} Section
 */

/** Pages of their own form. @type {Record<string, { label: () => string, make: () => Promise<HTMLElement> }>} */
const OTHERS = {
  start: { label: () => t('start.title'), make: () => import('./admin_start.js').then((module) => module.start()) },
  hours: { label: () => t('admin.calendars'), make: () => import('./admin_hours.js').then((module) => module.hours()) },
  assignment: { label: () => t('admin.assignment'), make: () => import('./admin_rules.js').then((module) => module.assignments()) },
  rules: { label: () => t('admin.rules'), make: () => import('./admin_rules.js').then((module) => module.rules()) },
  deliveries: { label: () => t('admin.deliveries'), make: () => import('./admin_deliveries.js').then((module) => module.deliveries()) },
  channels: { label: () => t('admin.channels'), make: () => import('./admin_box.js').then((module) => module.channels()) },
  privacy: { label: () => t('privacy.title'), make: () => import('./admin_privacy.js').then((module) => module.privacy()) },
  updates: { label: () => t('updates.title'), make: () => import('./admin_updates.js').then((module) => module.updates()) },
  system: { label: () => t('admin.system'), make: () => import('./admin_box.js').then((module) => module.system()) },
};

/** What belongs together stands together. */
const GROUPS = [['start', 'channels'], ['people', 'presence', 'tokens'], ['categories', 'canned', 'sla', 'hours'], ['assignment', 'rules'], ['webhooks', 'deliveries'], ['audit', 'privacy'], ['system', 'updates']];

/** @returns {import('../pages.js').Page} */
export default function adminPage() {
  const nav = h('nav', { class: 'admin-nav', 'aria-label': t('admin.title') });
  const main = h('div', { class: 'admin-main', role: 'region', 'aria-label': t('admin.title'), tabindex: 0 });
  const element = h('div', { class: 'admin' }, nav, main);
  const styled = style('admin');
  let current = '';
  let timer = 0;

  /** @param {Section} section */
  async function open(section) {
    const name = section.name;
    const body = h('div', {}, h('p', { class: 'hint' }, t('loading')));
    fill(main, h('header', { class: 'admin-head' }, h('h1', {}, section.label()), section.fields && section.adds !== false && h('button', { class: 'primary', dataset: { act: 'add' }, onclick: () => void change(section) }, t('admin.add'))), body);
    const read = async () => {
      try {
        const answer = await get(section.path);
        if (current === name && body.isConnected) fill(body, tableOf(section, answer));
      } catch (error) {
        if (current === name) fill(body, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
      }
      clearTimeout(timer);
      if (section.every && current === name && body.isConnected) timer = setTimeout(read, section.every);
    };
    await read();
  }

  /** @param {Section} section @param {any} answer */
  function tableOf(section, answer) {
    const rows = section.rows(answer);
    if (!rows.length) return h('p', { class: 'nothing' }, t('admin.none'));
    /** @type {(Action & { edit?: boolean })[]} */
    const actions = [...(section.edits ? [{ label: t('rule.edit'), edit: true }] : []), ...(section.actions?.() || [])];
    const next = section.more?.(answer);
    const button = (/** @type {Action & { edit?: boolean }} */ action, /** @type {any} */ row) => (action.href ? h('a', { class: 'button quiet', href: action.href(row) }, action.label) : h('button', { class: 'quiet', onclick: () => void (action.edit ? change(section, row) : act(section, action, row)) }, action.label));
    return [h('div', { class: 'admin-table', tabindex: 0, role: 'region', 'aria-label': section.label() }, h('table', {},
      h('thead', {}, h('tr', {}, section.columns.map((column) => h('th', { scope: 'col' }, column.label())), actions.length > 0 && h('th', {}, h('span', { class: 'only-read' }, t('admin.actions'))))),
      h('tbody', {}, rows.map((row) => h('tr', {}, section.columns.map((column) => h('td', { dir: 'auto' }, column.cell(row))),
        actions.length > 0 && h('td', { class: 'admin-actions' }, actions.filter((action) => !action.when || action.when(row)).map((action) => button(action, row)))))))),
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
    if (!action.run || (action.danger && !(await sure(action.label)))) return;
    try {
      const answer = await action.run(row);
      if (!shown(answer)) toast(t('admin.done'));
      if (current === section.name) void open(section);
    } catch (error) {
      problem(error);
    }
  }

  /** @param {Section} section @param {any} [row] */
  async function change(section, row) {
    try {
      openForm(section, await (section.fields?.(row) || []), row, (answer) => {
        if (!shown(answer)) toast(t('admin.done'));
        void open(section);
      });
    } catch (error) {
      problem(error);
    }
  }

  /** @param {string} name */
  async function turn(name) {
    const section = SECTIONS.find((one) => one.name === name);
    if (section) return void open(section);
    fill(main, h('p', { class: 'hint' }, t('loading')));
    try {
      const made = await OTHERS[name].make();
      if (current === name) fill(main, made);
    } catch (error) {
      if (current === name) fill(main, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  return {
    element,
    show(path) {
      const labels = new Map([...SECTIONS.map((one) => /** @type {[string, () => string]} */ ([one.name, one.label])), ...Object.entries(OTHERS).map(([name, one]) => /** @type {[string, () => string]} */ ([name, one.label]))]);
      const asked = path.split('/')[2] || '';
      const next = labels.has(asked) ? asked : 'people';
      fill(nav, GROUPS.map((group) => h('div', { class: 'admin-group' }, group.map((name) => h('a', { href: `/admin/${name}`, 'aria-current': name === next ? 'page' : false }, labels.get(name)?.())))));
      // Without its styles there is nothing to scroll.
      void styled.then(() => nav.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }));
      current = next;
      clearTimeout(timer);
      void turn(next);
    },
    close() {
      current = '';
      clearTimeout(timer);
    },
  };
}
