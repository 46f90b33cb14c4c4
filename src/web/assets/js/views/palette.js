// Everything by typing: what can be done here, views, and tickets by number or words.

import { get, query } from '../api.js';
import { debounced, fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { statusShape } from '../parts/marks.js';
import { go } from '../router.js';

/** @typedef {{ label: string, mark?: Node, hint?: string, run: () => void }} Command */

/** @param {Command[]} commands */
export function openPalette(commands) {
  if (document.querySelector('dialog.palette')) return;
  const list = h('ul', { class: 'choices', role: 'listbox', id: 'palette-choices', 'aria-label': t('palette.title') });
  const input = h('input', { class: 'palette-input', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-choices', 'aria-label': t('palette.placeholder'), placeholder: t('palette.placeholder'), autocomplete: 'off', dir: 'auto' });
  const dialog = openDialog(t('palette.title'), [input, list], 'palette');
  /** @type {Command[]} */
  let shown = commands;
  let at = 0;

  function draw() {
    fill(list, shown.map((command, index) => h('li', { role: 'option', id: `palette-${index}`, onclick: () => run(command) }, command.mark, h('span', { class: 'grow', dir: 'auto' }, command.label), command.hint && h('span', { class: 'role' }, command.hint))));
    if (!shown.length) list.append(h('li', { class: 'empty', role: 'presentation' }, t('menu.none')));
    mark();
  }

  function mark() {
    [...list.children].forEach((child, index) => {
      child.classList.toggle('at', index === at);
      if (child.getAttribute('role') === 'option') child.setAttribute('aria-selected', String(index === at));
    });
    input.setAttribute('aria-activedescendant', shown.length ? `palette-${at}` : '');
    list.children[at]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Command} command */
  function run(command) {
    dialog.close();
    command.run();
  }

  const find = debounced(200, async () => {
    const words = input.value.trim();
    if (words.length < 2) return;
    const answer = await get(`/api/search${query({ q: words, typing: 'true', limit: 6 })}`).catch(() => null);
    if (!answer || input.value.trim() !== words) return;
    const tickets = answer.tickets.items.map((/** @type {any} */ ticket) => ({ label: `#${ticket.number} ${ticket.subject || ticket.requester_name || ''}`, mark: statusShape(ticket.status), hint: ticket.requester_name || '', run: () => go(`/tickets/${ticket.number}`) }));
    const messages = answer.messages.items.map((/** @type {any} */ hit) => ({ label: `#${hit.ticket_number} “${hit.snippet.text}”`, hint: hit.author || '', run: () => go(`/tickets/${hit.ticket_number}?view=all&status=any#entry-${hit.entry_id}`) }));
    const found = [...tickets, ...messages];
    const known = new Set(shown.map((command) => command.label));
    shown = [...shown, ...found.filter((/** @type {Command} */ command) => !known.has(command.label))];
    draw();
  });

  function narrow() {
    const words = input.value.trim().toLocaleLowerCase();
    shown = commands.filter((command) => command.label.toLocaleLowerCase().includes(words));
    const number = /^#?(\d{4,})$/.exec(words);
    if (words.length > 1) shown.push({ label: t('search.for', { what: input.value.trim() }), mark: icon('search'), run: () => go(`/search${query({ q: input.value.trim() })}`) });
    if (number) shown = [{ label: t('palette.open', { number: number[1] }), run: () => go(`/tickets/${number[1]}`) }, ...shown];
    at = 0;
    draw();
    find();
  }

  input.addEventListener('input', narrow);
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      at = (at + step + shown.length) % shown.length;
      mark();
    } else if (event.key === 'Enter' && shown[at]) run(shown[at]);
    else return;
    event.preventDefault();
  });
  draw();
  input.focus();
}
