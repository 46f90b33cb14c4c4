// What was sent to webhooks, what waits and what was given up; each can be looked at and sent anew.

import { get, post, query } from '../api.js';
import { fill, h } from '../dom.js';
import { counted, t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { problem, toast } from '../parts/toast.js';
import { go } from '../router.js';
import { exact, since } from '../time.js';

const STATES = ['waiting', 'delivered', 'parked', 'sent_anew'];
const ENDED = ['delivered', 'parked', 'sent_anew'];
const AT_ONCE = 50;

export function deliveries() {
  const tools = h('div', { class: 'admin-tools' });
  const body = h('div', {}, h('p', { class: 'hint' }, t('loading')));
  const said = new URLSearchParams(location.search);
  const state = STATES.includes(said.get('state') || '') ? said.get('state') || '' : '';
  /** @type {Api.WebhookView[]} */
  let webhooks = [];
  let id = Number(said.get('webhook')) || 0;

  /** @param {Record<string, any>} changes */
  const turn = (changes) => go(`/admin/deliveries${query({ webhook: id, state, ...changes })}`, { replace: true });

  async function load() {
    try {
      ({ webhooks } = await get('/api/webhooks'));
      if (!webhooks.some((one) => one.id === id)) id = webhooks[0]?.id || 0;
      drawTools();
      if (!id) return fill(body, h('p', { class: 'nothing' }, t('admin.no_webhook'), ' ', h('a', { href: '/admin/webhooks' }, t('admin.webhooks'))));
      const answer = await page();
      fill(body, answer.deliveries.length ? table(answer) : h('p', { class: 'nothing' }, t('admin.none')));
    } catch (error) {
      fill(body, h('p', { class: 'form-error' }, /** @type {Error} */ (error).message));
    }
  }

  /** @param {number | null} [before] */
  const page = (before) => get(`/api/webhooks/${id}/deliveries${query({ state, before, limit: AT_ONCE })}`);

  function drawTools() {
    const which = h('select', { 'aria-label': t('admin.webhooks'), onchange: () => turn({ webhook: which.value }) }, webhooks.map((one) => h('option', { value: one.id, selected: one.id === id }, one.url)));
    const how = h('select', { 'aria-label': t('ticket.status'), onchange: () => turn({ state: how.value }) }, h('option', { value: '' }, t('rail.any')), STATES.map((one) => h('option', { value: one, selected: one === state }, t('delivery.state.' + one))));
    fill(tools, webhooks.length > 0 && [which, how, h('span', { class: 'grow' }), h('button', { dataset: { act: 'all' }, onclick: () => void act(() => post(`/api/webhooks/${id}/redeliver`)) }, t('delivery.all_anew'))]);
  }

  /** @param {() => Promise<any>} work */
  async function act(work) {
    try {
      const { deliveries: queued } = await work();
      toast(t('delivery.queued', { count: queued.length }));
    } catch (error) {
      problem(error);
    }
    void load();
  }

  /** @param {Api.Deliveries} answer @returns {any[]} */
  function table(answer) {
    return [h('div', { class: 'admin-table', tabindex: 0, role: 'region', 'aria-label': t('admin.deliveries') }, h('table', {},
      h('thead', {}, h('tr', {}, ['', t('admin.time'), t('admin.events'), t('ticket.status'), t('delivery.answer')].map((word) => h('th', { scope: 'col' }, word || h('span', {}, '№'))), h('th', {}, h('span', { class: 'only-read' }, t('admin.actions'))))),
      h('tbody', {}, answer.deliveries.map(row)))),
    answer.next && h('button', { class: 'wide quiet', onclick: async (/** @type {Event} */ event) => {
      const button = /** @type {HTMLElement} */ (event.currentTarget);
      try {
        button.replaceWith(...table(await page(answer.next)).filter(Boolean));
      } catch (error) {
        problem(error);
      }
    } }, t('contacts.more'))];
  }

  /** @param {Api.WebhookDelivery} one */
  const row = (one) => h('tr', { dataset: { delivery: one.number } }, h('td', {}, String(one.number)), h('td', { title: exact(one.queued_at) }, since(one.queued_at)),
    h('td', {}, h('code', {}, one.event), one.ticket_number && [' ', h('a', { href: `/tickets/${one.ticket_number}?view=all&status=any` }, `#${one.ticket_number}`)]),
    h('td', {}, h('span', { class: `delivery-state is-${one.state}` }, t('delivery.state.' + one.state)), one.sent_anew_as && ` → ${one.sent_anew_as}`),
    h('td', { dir: 'auto' }, [one.response_status, one.error, one.attempts && counted('delivery.attempts', one.attempts)].filter(Boolean).join(' · ') || '–'),
    h('td', { class: 'admin-actions' }, h('button', { class: 'quiet', dataset: { act: 'look' }, onclick: () => void look(one.number) }, t('delivery.look')),
      ENDED.includes(one.state) && h('button', { class: 'quiet', dataset: { act: 'anew' }, onclick: () => void act(() => post(`/api/webhooks/${id}/deliveries/${one.number}/redeliver`)) }, t('delivery.anew'))));

  /** @param {number} number */
  async function look(number) {
    try {
      const one = /** @type {Api.WebhookDelivery} */ (await get(`/api/webhooks/${id}/deliveries/${number}`));
      openDialog(`${one.event} · ${number}`, [h('div', { class: 'rule-told' }, h('p', {}, h('code', { dir: 'ltr' }, `webhook-id: ${one.message_id}`)), h('pre', { class: 'payload', tabindex: 0, dir: 'ltr' }, JSON.stringify(one.payload ?? null, null, 2)))], 'wide');
    } catch (error) {
      problem(error);
    }
  }

  void load();
  return h('div', {}, h('header', { class: 'admin-head' }, h('h1', {}, t('admin.deliveries'))), tools, body);
}
