// Business hours: a week with its hours and the days off, each in a time zone of its own.

import { call, get, post, put } from '../api.js';
import { fill, h } from '../dom.js';
import { language, t } from '../i18n.js';
import { openDialog, sure } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { problem, toast } from '../parts/toast.js';
import { field, submit } from './gate.js';

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** @typedef {{ start: string, end: string }} Interval */

/** The name of a day of the week. @param {number} at 0 is Monday */
const dayWord = (at) => new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, 1 + at)));

/** Every zone that the browser knows. @returns {string[]} */
export const zones = () => /** @type {any} */ (Intl).supportedValuesOf?.('timeZone') || [];

/** A field for a time zone, with those that there are. @param {string} value */
export function zoneField(value) {
  return [field('timezone', t('start.timezone'), { value, list: 'zones', autocomplete: 'off', dir: 'ltr', maxlength: 64 }), h('datalist', { id: 'zones' }, zones().map((zone) => h('option', { value: zone })))];
}

/** @param {any} given @returns {Interval[]} */
const intervals = (given) => (Array.isArray(given) ? given : given ? [given] : []);

export function hours() {
  const list = h('div', { class: 'rule-list' }, h('p', { class: 'hint' }, t('loading')));

  async function load() {
    try {
      const { business_hours: all } = await get('/api/business-hours');
      fill(list, all.length ? all.map(card) : h('p', { class: 'nothing' }, t('admin.none')));
    } catch (error) {
      fill(list, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {Api.HoursView} one */
  function card(one) {
    const times = (/** @type {string} */ day) => intervals(one.schedule[day]).map(({ start, end }) => `${start}–${end}`).join(', ');
    return h('article', { class: 'rule-card', 'aria-label': one.name }, h('header', {}, h('h2', { class: 'grow', dir: 'auto' }, one.name), h('span', { class: `channel-state${one.open ? ' came' : ''}` }, one.open ? t('hours.open') : t('hours.closed'))),
      h('dl', { class: 'week' }, DAYS.map((day, at) => h('div', {}, h('dt', {}, dayWord(at)), h('dd', {}, times(day) || '–')))),
      h('p', { class: 'hint' }, one.timezone, one.holidays.length > 0 && ` · ${t('hours.holidays')}: ${one.holidays.join(', ')}`),
      h('footer', {}, h('button', { class: 'quiet', dataset: { act: 'edit' }, onclick: () => edit(one) }, t('rule.edit')), h('span', { class: 'grow' }), h('button', { class: 'quiet', onclick: () => void remove(one) }, t('admin.delete'))));
  }

  /** @param {Api.HoursView} one */
  async function remove(one) {
    if (!(await sure(t('admin.delete')))) return;
    try {
      await call('DELETE', `/api/business-hours/${one.id}`);
      toast(t('admin.done'));
    } catch (error) {
      problem(error);
    }
    void load();
  }

  /** @param {any} one */
  function edit(one) {
    const week = DAYS.map((day, at) => dayRow(dayWord(at), one.id ? intervals(one.schedule[day]) : at < 5 ? [{ start: '09:00', end: '18:00' }] : []));
    const holidays = h('textarea', { id: 'holidays', rows: 3, dir: 'ltr', value: (one.holidays || []).join('\n'), placeholder: '2026-12-25' });
    const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, work); } },
      h('div', { class: 'field-row' }, field('name', t('contacts.name'), { value: one.name || '', maxlength: 100, dir: 'auto' }), h('div', {}, zoneField(one.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone))),
      h('div', { class: 'week-form' }, week.map((row) => row.element)),
      h('div', { class: 'field' }, h('label', { for: 'holidays' }, t('hours.holidays')), holidays, h('p', { class: 'hint' }, t('hours.holidays_hint')), h('p', { class: 'field-error', id: 'holidays-error', hidden: true })),
      h('p', { class: 'form-error', role: 'alert', hidden: true }),
      h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t('dialog.cancel')), h('button', { class: 'primary' }, t('rule.save'))));
    const dialog = openDialog(one.name || t('admin.calendars'), [form], 'wide');
    async function work() {
      const given = new FormData(form);
      const schedule = Object.fromEntries(DAYS.map((day, at) => [day, week[at].read()]).filter(([, times]) => times.length));
      const body = { name: String(given.get('name')).trim(), timezone: String(given.get('timezone')).trim(), schedule, holidays: holidays.value.split(/[\s,;]+/).filter(Boolean) };
      await (one.id ? put(`/api/business-hours/${one.id}`, body) : post('/api/business-hours', body));
      dialog.close();
      toast(t('admin.done'));
      void load();
    }
  }

  void load();
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('admin.calendars')), h('button', { class: 'primary', dataset: { act: 'add' }, onclick: () => edit({}) }, t('admin.add'))), h('p', { class: 'lead' }, t('hours.lead')), list);
}

/** @param {string} name @param {Interval[]} given */
function dayRow(name, given) {
  const times = h('div', { class: 'week-times' });
  const add = (/** @type {Interval} */ { start, end }) => {
    const line = h('span', { class: 'week-time' }, h('input', { type: 'time', value: start, required: true, 'aria-label': t('hours.from', { day: name }) }), '–', h('input', { type: 'time', value: end, required: true, 'aria-label': t('hours.to', { day: name }) }), h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': t('hours.remove', { day: name }), onclick: () => line.remove() }, icon('close')));
    times.append(line);
  };
  given.forEach(add);
  const element = h('div', { class: 'week-day', role: 'group', 'aria-label': name }, h('span', {}, name), times, h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': t('hours.add', { day: name }), title: t('hours.add', { day: name }), onclick: () => add({ start: '09:00', end: '18:00' }) }, icon('plus')));
  const read = () => [.../** @type {any} */ (times.children)].map((line) => {
    const [start, end] = line.querySelectorAll('input');
    return { start: start.value, end: end.value };
  });
  return { element, read };
}
