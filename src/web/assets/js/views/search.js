// Everything that can be found by its words: tickets, messages, contacts, ready answers. The address holds the query, so
// that a search can be sent on. Marked words come as ranges of characters and become elements, never markup.

import { get, query } from '../api.js';
import { debounced, fill, h } from '../dom.js';
import { CHANNELS } from '../filter.js';
import { number, t } from '../i18n.js';
import { style } from '../pages.js';
import { icon } from '../parts/icons.js';
import { PRIORITIES, STATUSES, avatar, channelMark, channelWord, priorityBadge, priorityWord, statusShape, statusWord } from '../parts/marks.js';
import { go } from '../router.js';
import { since } from '../time.js';

const GROUPS = ['tickets', 'messages', 'contacts', 'canned'];
/** Of each group, where all are shown and where one is. */
const FEW = 6;
const MANY = 50;
const MAX_QUERY = 200;

/** @typedef {Api.SnippetView} Snippet */

/** A text with its found words marked. @param {Snippet} snippet */
function words(snippet) {
  const letters = [...snippet.text];
  const parts = [];
  let at = 0;
  for (const [from, to] of snippet.hits) {
    if (from < at) continue;
    parts.push(letters.slice(at, from).join(''), h('mark', {}, letters.slice(from, to).join('')));
    at = to;
  }
  return [...parts, letters.slice(at).join('')];
}

/** @param {Snippet | null | undefined} snippet */
const marked = (snippet) => snippet && h('p', { class: 'found-snippet', dir: 'auto' }, words(snippet));

/** What the query says of a field: `status:open`. @param {string} text @param {string} field */
const valueOf = (text, field) => new RegExp(`(?:^|\\s)${field}:(\\S*)`).exec(text)?.[1] || '';

/** The query with another value of a field, or without it. @param {string} text @param {string} field @param {string} value */
function withValue(text, field, value) {
  const rest = text.replace(new RegExp(`(^|\\s)${field}:\\S*`, 'g'), ' ').replaceAll(/\s+/g, ' ').trim();
  return [rest, value && `${field}:${value}`].filter(Boolean).join(' ');
}

/** @returns {import('../pages.js').Page} */
export default function searchPage() {
  const input = h('input', { type: 'search', class: 'search-input', role: 'combobox', 'aria-label': t('search.label'), 'aria-controls': 'search-suggestions', 'aria-expanded': 'false', 'aria-autocomplete': 'list', 'aria-describedby': 'search-error', placeholder: t('search.placeholder'), maxlength: MAX_QUERY, autocomplete: 'off', spellcheck: 'false', dir: 'auto' });
  const offered = h('ul', { class: 'choices search-offered', id: 'search-suggestions', role: 'listbox', 'aria-label': t('search.suggestions'), hidden: true });
  const error = h('p', { class: 'field-error search-error', id: 'search-error', role: 'alert', hidden: true });
  const facets = h('div', { class: 'search-facets' });
  const tabs = h('nav', { class: 'search-tabs', 'aria-label': t('search.kinds') });
  const results = h('div', { class: 'search-results', tabindex: -1 });
  const told = h('p', { class: 'only-read', role: 'status' });
  const element = h('section', { class: 'search-page', 'aria-labelledby': 'search-heading' }, h('h1', { id: 'search-heading' }, t('search.title')),
    h('div', { class: 'search-field' }, icon('search'), input, offered), error, facets, tabs, told, results);
  void style('search');
  let asked = 0;
  /** @type {{ text: string }[]} */
  let suggestions = [];
  let at = -1;

  const said = () => new URLSearchParams(location.search);
  const kind = () => (GROUPS.includes(said().get('in') || '') ? said().get('in') || '' : '');

  /** @param {string} text @param {string} [group] @param {boolean} [replace] */
  const turn = (text, group = kind(), replace = true) => go(`/search${query({ q: text, in: group })}`, { replace });

  /** @param {boolean} typing */
  async function find(typing) {
    const text = input.value.trim();
    const mine = ++asked;
    drawFacets();
    if (!text) {
      say(null);
      fill(tabs);
      return fill(results, hints());
    }
    try {
      const answer = await get(`/api/search${query({ q: text, typing: typing ? 'true' : '', limit: kind() ? MANY : FEW })}`);
      if (mine !== asked) return;
      say(null);
      draw(answer, text);
    } catch (refused) {
      if (mine === asked) say(/** @type {any} */ (refused), text);
    }
  }

  /** What is wrong with the query stands at the query, with the place that is meant. @param {any} refused @param {string} [text] */
  function say(refused, text = '') {
    error.hidden = !refused;
    input.setAttribute('aria-invalid', String(Boolean(refused)));
    if (!refused) return;
    const why = refused.status === 0 ? t('toast.unreachable') : refused.problem?.errors?.find((/** @type {any} */ one) => one.field === 'q')?.detail || refused.message;
    const place = /^at character (\d+):/.exec(why);
    const letters = [...text];
    const from = place ? Number(place[1]) - 1 : -1;
    fill(error, icon('alert'), h('span', {}, why), place && h('code', { dir: 'auto' }, letters.slice(0, from).join(''), h('mark', {}, letters.slice(from).join(''))));
    fill(tabs);
    fill(results);
  }

  /** @param {Api.SearchResults} found @param {string} text */
  function draw(found, text) {
    const answer = /** @type {Record<string, { total: number, items: any[] }>} */ (/** @type {unknown} */ (found));
    const names = /** @type {Record<string, string>} */ ({ tickets: t('tickets.title'), messages: t('search.messages'), contacts: t('contacts.title'), canned: t('composer.canned') });
    const only = kind();
    const tab = (/** @type {string} */ name, /** @type {string} */ word, /** @type {number} */ total) => h('a', { href: `/search${query({ q: text, in: name })}`, 'aria-current': only === name ? 'page' : false }, word, h('span', { class: 'count' }, number(total)));
    fill(tabs, tab('', t('search.all'), GROUPS.reduce((sum, name) => sum + answer[name].total, 0)), GROUPS.map((name) => tab(name, names[name], answer[name].total)));
    const shown = GROUPS.filter((name) => answer[name].items.length && (!only || only === name));
    told.textContent = t('search.found', { count: number(shown.reduce((sum, name) => sum + answer[name].total, 0)) });
    const lines = /** @type {Record<string, (hit: any) => HTMLElement>} */ ({ tickets: ticketLine, messages: messageLine, contacts: contactLine, canned: cannedLine });
    fill(results, !found.complete && h('p', { class: 'hint' }, t('search.incomplete')),
      shown.length === 0 && h('p', { class: 'nothing' }, t('search.none', { what: text })),
      shown.map((name) => {
        const { total, items } = answer[name];
        return h('section', { class: 'found', dataset: { found: name }, 'aria-label': names[name] }, h('header', {}, h('h2', {}, names[name]), h('span', { class: 'hint' }, number(total)), h('span', { class: 'grow' }),
          name === 'tickets' && h('a', { class: 'button quiet', href: `/tickets${query({ view: 'all', status: 'any', q: text })}` }, t('search.as_list')),
          !only && total > items.length && h('a', { class: 'button quiet', href: `/search${query({ q: text, in: name })}` }, t('search.more'))),
        h('ul', {}, items.map((/** @type {any} */ hit) => h('li', {}, lines[name](hit)))),
        only && total > items.length && h('p', { class: 'hint' }, t('search.first', { count: number(items.length) })));
      }));
  }

  /** What can be asked for, to be tried. */
  const hints = () => h('div', { class: 'search-hints' }, h('h2', {}, t('search.how')), h('ul', {}, ['"late again"', '-refund', 'deliv*', 'from:sari', 'tag:vip', 'before:2026-01-31', 'has:attachment', 'speaker:user'].map((example) => h('li', {}, h('button', { class: 'chip', dir: 'ltr', onclick: () => { input.value = `${input.value} ${example}`.trim(); input.focus(); turn(input.value); } }, h('code', {}, example))))));

  function drawFacets() {
    const text = input.value;
    const choice = (/** @type {string} */ field, /** @type {string} */ label, /** @type {[string, string][]} */ options) => {
      const select = h('select', { 'aria-label': label, onchange: () => { input.value = withValue(input.value, field, select.value); turn(input.value); } }, h('option', { value: '' }, label), options.map(([value, word]) => h('option', { value, selected: value === valueOf(text, field) }, word)));
      return select;
    };
    fill(facets,
      choice('status', t('ticket.status'), STATUSES.map((one) => [one, statusWord(one)])),
      choice('priority', t('ticket.priority'), PRIORITIES.map((one) => [one, priorityWord(one)])),
      choice('channel', t('ticket.channel'), CHANNELS.map((one) => [one, channelWord(one)])),
      choice('assignee', t('ticket.assignee'), [['me', t('view.mine')], ['none', t('view.unassigned')]]),
      choice('speaker', t('search.speaker'), ['user', 'agent', 'bot'].map((one) => [one, t('speaker.' + one)])));
  }

  const offer = debounced(120, async () => {
    const text = input.value;
    const answer = text.trim().length > 1 ? await get(`/api/search/suggest${query({ q: text, limit: 6 })}`).catch(() => null) : null;
    if (input.value !== text || document.activeElement !== input) return;
    suggestions = (answer?.suggestions || []).filter((/** @type {{ text: string }} */ one) => one.text.trim() !== text.trim());
    at = -1;
    drawOffered();
  });

  function drawOffered() {
    offered.hidden = suggestions.length === 0;
    input.setAttribute('aria-expanded', String(!offered.hidden));
    if (at < 0) input.removeAttribute('aria-activedescendant');
    else input.setAttribute('aria-activedescendant', `suggestion-${at}`);
    fill(offered, suggestions.map((one, index) => h('li', { role: 'option', id: `suggestion-${index}`, 'aria-selected': String(index === at), class: index === at ? 'at' : '', onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); take(one.text); } }, icon('search'), h('span', { dir: 'auto' }, one.text))));
  }

  function quiet() {
    offer.cancel();
    suggestions = [];
    at = -1;
    drawOffered();
  }

  /** @param {string} text */
  function take(text) {
    input.value = text;
    quiet();
    turn(text);
  }

  const soon = debounced(220, () => turn(input.value.trim()));
  input.addEventListener('input', () => {
    soon();
    offer();
  });
  input.addEventListener('blur', quiet);
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && suggestions.length) {
      at = (at + step + suggestions.length + 1) % (suggestions.length + 1);
      if (at === suggestions.length) at = -1;
      drawOffered();
    } else if (event.key === 'Enter') {
      if (at >= 0) take(suggestions[at].text);
      else {
        soon.cancel();
        quiet();
        turn(input.value.trim());
        void find(false);
      }
    } else if (event.key === 'Escape' && !offered.hidden) quiet();
    else return;
    event.preventDefault();
  });

  return {
    element,
    show() {
      const wanted = (said().get('q') || '').slice(0, MAX_QUERY);
      if (input.value.trim() !== wanted) input.value = wanted;
      if (!element.contains(document.activeElement)) input.focus();
      void find(document.activeElement === input);
    },
    close() {
      soon.cancel();
      offer.cancel();
    },
  };
}

/** Whether the words stand in the subject, or in all that is said beside it. @param {{ subject?: string | null, snippet?: Snippet | null }} hit */
const isTitle = (hit) => hit.snippet && hit.snippet.text === hit.subject;

/** @param {Api.Group_TicketHit['items'][0]} hit */
const ticketLine = (hit) => h('a', { class: 'found-line', href: `/tickets/${hit.number}?view=all&status=any` }, statusShape(hit.status),
  h('span', { class: 'found-words' }, h('strong', { dir: 'auto' }, hit.snippet && isTitle(hit) ? words(hit.snippet) : hit.subject || hit.requester_name || t('channel.' + hit.channel)), !isTitle(hit) && marked(hit.snippet),
    h('span', { class: 'found-foot' }, channelMark(hit.channel), `#${hit.number}`, priorityBadge(hit.priority, { words: false }), h('span', { dir: 'auto' }, hit.requester_name || hit.requester_phone || ''), hit.assignee_name && h('span', { class: 'named' }, avatar(hit.assignee_name, 'small'), hit.assignee_name))),
  since(hit.last_message_at || hit.updated_at));

/** @param {Api.Group_MessageHit['items'][0]} hit */
const messageLine = (hit) => h('a', { class: 'found-line', href: `/tickets/${hit.ticket_number}?view=all&status=any#entry-${hit.entry_id}` }, icon(hit.kind === 'note' ? 'lock' : 'chat'),
  h('span', { class: 'found-words' }, marked(hit.snippet), h('span', { class: 'found-foot' }, `#${hit.ticket_number}`, h('span', { dir: 'auto' }, hit.author || t('speaker.' + hit.speaker)), hit.subject && !isTitle(hit) && h('span', { dir: 'auto' }, hit.subject))),
  since(hit.at));

/** @param {Api.Group_ContactHit['items'][0]} hit */
const contactLine = (hit) => h('a', { class: 'found-line', href: `/contacts/${hit.id}` }, avatar(hit.name || hit.phone || hit.emails[0]),
  h('span', { class: 'found-words' }, h('strong', { dir: 'auto' }, hit.name || t('ticket.unknown_person')), h('span', { class: 'found-foot' }, hit.phone && h('span', {}, `+${hit.phone}`), hit.emails.map((/** @type {string} */ one) => h('span', { dir: 'ltr' }, one)))));

/** @param {Api.Group_CannedHit['items'][0]} hit */
const cannedLine = (hit) => h('div', { class: 'found-line' }, icon('note'), h('span', { class: 'found-words' }, h('strong', { dir: 'auto' }, hit.title), marked(hit.snippet), hit.shortcut && h('span', { class: 'found-foot' }, h('code', {}, `/${hit.shortcut.replace(/^\//, '')}`))));
