// From an empty box to the first message: what it is called, by which addresses channels reach it, who works here. What
// stands in the configuration file is shown as the lines to put there; the rest is done here.

import { get, post } from '../api.js';
import { fill, h } from '../dom.js';
import { DOORS, addressOf } from '../doors.js';
import { choose, language, languages, t } from '../i18n.js';
import { onEvent } from '../live.js';
import { icon } from '../parts/icons.js';
import { problem } from '../parts/toast.js';
import { copied, lines } from './admin_form.js';
import { zoneField } from './admin_hours.js';
import { field, submit } from './gate.js';

const EVERY = 3_000;
const ROLES = ['agent', 'supervisor', 'admin'];

/** A text as TOML has it: what JSON writes is good there too. @param {string} text */
const quoted = (text) => JSON.stringify(text);

export function start() {
  const steps = h('ol', { class: 'steps' });
  const step = (/** @type {string} */ name, /** @type {string} */ title, /** @type {string} */ lead, /** @type {any[]} */ ...content) => h('li', { class: 'step', dataset: { step: name } }, h('span', { class: 'step-mark', 'aria-hidden': 'true' }, icon('check')), h('div', { class: 'step-body' }, h('h2', {}, title, h('span', { class: 'only-read' })), h('p', { class: 'hint' }, lead), content));
  const parts = { place: place(), channel: channel(), people: people() };
  fill(steps,
    step('place', t('start.place'), t('start.place_lead'), parts.place),
    step('channel', t('start.channel'), t('start.channel_lead'), parts.channel.element),
    step('people', t('start.people'), t('start.people_lead'), parts.people),
    step('rest', t('start.rest'), t('start.rest_lead'), h('div', { class: 'step-links' }, [['hours', t('admin.calendars')], ['sla', t('admin.sla')], ['canned', t('composer.canned')], ['rules', t('admin.rules')]].map(([name, word]) => h('a', { class: 'button', href: `/admin/${name}` }, word)), h('a', { class: 'button', href: '/portal', target: '_blank' }, t('start.portal')))));
  const element = h('div', { class: 'start' }, h('header', { class: 'admin-head' }, h('h1', {}, t('start.title')), h('a', { class: 'button', href: '/tickets', dataset: { act: 'to-tickets' } }, t('start.go'))), h('p', { class: 'lead' }, t('start.lead')), steps);

  /** @param {string} name @param {boolean} isDone */
  const mark = (name, isDone) => {
    const one = steps.querySelector(`[data-step="${name}"]`);
    one?.classList.toggle('is-done', isDone);
    const word = one?.querySelector('h2 .only-read');
    if (word) word.textContent = isDone ? t('start.is_done') : '';
  };

  async function watch() {
    do {
      try {
        const [desk, system, agents] = await Promise.all([get('/api/public/desk'), get('/api/system'), get('/api/agents')]);
        mark('place', desk.name !== '');
        mark('people', agents.agents.filter((/** @type {Api.PersonView} */ one) => one.email).length > 1);
        mark('channel', parts.channel.told(system.doors));
      } catch (error) {
        if (/** @type {any} */ (error).status !== 0) problem(error);
      }
      await new Promise((done) => setTimeout(done, EVERY));
    } while (element.isConnected);
  }

  queueMicrotask(() => void watch());
  return element;
}

/** The name of the place, its colour and its time zone: keys of the configuration file. */
function place() {
  const name = field('desk_name', t('start.name'), { maxlength: 64, required: false, dir: 'auto' });
  const color = field('desk_color', t('start.color'), { type: 'color', required: false, value: '#1d62c4' });
  const zone = zoneField(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const select = h('select', { id: 'start-language', onchange: () => choose(select.value) }, languages().map(([tag, word]) => h('option', { value: tag, lang: tag, selected: tag === language }, word)));
  const toml = h('div', { class: 'toml' });
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => event.preventDefault(), oninput: () => draw() },
    h('div', { class: 'field-row' }, name, h('div', {}, zone), color, h('div', { class: 'field' }, h('label', { for: 'start-language' }, t('start.language')), select)),
    h('p', { class: 'hint' }, t('start.in_file')), toml);
  const value = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (form.querySelector(`#${id}`)).value.trim();
  const draw = () => fill(toml, lines(`timezone = ${quoted(value('timezone') || 'UTC')}\n\n[desk]\nname = ${quoted(value('desk_name'))}\ncolor = ${quoted(value('desk_color'))}`));
  draw();
  void get('/api/public/desk').then((desk) => {
    if (desk.name) /** @type {HTMLInputElement} */ (form.querySelector('#desk_name')).value = desk.name;
    if (desk.color) /** @type {HTMLInputElement} */ (form.querySelector('#desk_color')).value = desk.color;
    draw();
  }, () => {});
  return form;
}

/** By which address the first channel reaches the box, and whether something came by it. */
function channel() {
  const select = h('select', { id: 'start-channel', onchange: () => draw() }, DOORS.map((one) => h('option', { value: one.door }, one.label)));
  const told = h('div', { class: 'start-told', role: 'status' });
  const body = h('div', { class: 'start-channel' });
  const element = h('div', {}, h('div', { class: 'field' }, h('label', { for: 'start-channel' }, t('start.which')), select), body, told);
  let token = '';
  let ticket = 0;
  /** What came by each door when it was last asked. @type {Api.Status['doors']} */
  let doors = {};

  const now = () => /** @type {import('../doors.js').Door} */ (DOORS.find((one) => one.door === select.value));

  function draw() {
    const one = now();
    fill(body,
      h('h3', {}, t('start.address')), copied(addressOf(one)),
      one.wantsToken && [h('h3', {}, t('start.token')), token ? [copied(`Authorization: Bearer ${token}`), h('p', { class: 'hint' }, t('admin.once_hint'), ' ', t('start.or_query'), ' ', h('code', { dir: 'ltr' }, '?token='))] : h('button', { dataset: { act: 'token' }, onclick: () => void make(one) }, t('start.make_token'))],
      one.out && [h('h3', {}, t('start.answers')), lines(one.out)]);
    drawTold();
  }

  /** @param {import('../doors.js').Door} one */
  async function make(one) {
    try {
      ({ secret: token } = await post('/api/tokens', { name: one.label, scopes: ['ingest'] }));
      draw();
    } catch (error) {
      problem(error);
    }
  }

  function drawTold() {
    const came = Boolean(doors[now().door]);
    fill(told, h('span', { class: `channel-state${came || ticket ? ' came' : ''}` }, came || ticket ? t('start.came') : t('start.waiting')), ticket > 0 && h('a', { class: 'button primary', href: `/tickets/${ticket}?view=all`, dataset: { act: 'first' } }, t('start.open_first', { number: ticket })));
  }

  // The first one that comes while somebody looks is shown at once.
  const stop = onEvent((event) => {
    if (!element.isConnected) return void stop();
    if (event.event !== 'ticket.created' || !event.number) return;
    ticket = event.number;
    drawTold();
  });
  draw();
  return {
    element,
    /** Whether something came by any of them. @param {Api.Status['doors']} status */
    told(status) {
      doors = status;
      drawTold();
      return ticket > 0 || DOORS.some((one) => doors[one.door]);
    },
  };
}

/** Colleagues, each with a link by which they set their password. */
function people() {
  const made = h('div', { class: 'start-people' });
  const role = h('select', { id: 'role', name: 'role' }, ROLES.map((one) => h('option', { value: one }, t('role.' + one))));
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void submit(form, invite); } },
    h('div', { class: 'field-row' }, field('name', t('contacts.name'), { maxlength: 100, autocomplete: 'off', dir: 'auto' }), field('email', t('login.email'), { type: 'email', autocomplete: 'off' }), h('div', { class: 'field' }, h('label', { for: 'role' }, t('admin.role')), role)),
    h('p', { class: 'form-error', role: 'alert', hidden: true }), h('div', {}, h('button', { class: 'primary' }, t('start.invite'))));
  async function invite() {
    const given = new FormData(form);
    const name = String(given.get('name')).trim();
    const { link } = await post('/api/agents', { name, email: String(given.get('email')).trim(), role: String(given.get('role')) });
    made.append(h('div', { class: 'start-person' }, h('strong', { dir: 'auto' }, name), h('span', { class: 'hint' }, t('start.link_hint')), copied(link)));
    form.reset();
  }
  return h('div', {}, form, made);
}
