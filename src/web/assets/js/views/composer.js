// Where an agent writes: to the customer, or a note for colleagues. What is begun is kept on the server.

import { get, post, put } from '../api.js';
import { debounced, fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { problem } from '../parts/toast.js';
import { fileTray } from './files.js';

const MAX = 65_536;
const KEEP_AFTER = 1_500;

/** @type {Promise<Api.CannedView[]> | null} */
let canned = null;

/** The texts that are ready to be used; none where the box has none. */
function cannedResponses() {
  canned ??= get('/api/tickets/canned-responses?limit=100').then((/** @type {Api.CannedList} */ answer) => answer.canned_responses).catch(() => []);
  setTimeout(() => { canned = null; }, 60_000);
  return canned;
}

/**
 * @param {{ ticket: () => Api.TicketView | null, say: (body: string, isInternal: boolean, attachments: number[]) => void, reopen: () => void }} how
 */
export function composer({ ticket, say, reopen }) {
  let isInternal = false;
  let number = 0;
  let kept = '';
  const modes = h('div', { class: 'modes', role: 'radiogroup', 'aria-label': t('composer.mode') });
  const text = h('textarea', { id: 'reply', rows: 2, maxlength: MAX, 'aria-label': t('composer.reply'), 'aria-describedby': 'reply-hint', dir: 'auto', 'aria-haspopup': 'listbox', 'aria-controls': 'canned', 'aria-autocomplete': 'list' });
  const suggestions = h('ul', { class: 'choices canned', id: 'canned', role: 'listbox', 'aria-label': t('composer.canned'), hidden: true });
  const hint = h('p', { class: 'hint', id: 'reply-hint' });
  const state = h('span', { class: 'hint draft-state', role: 'status' });
  const send = h('button', { class: 'primary', type: 'submit' }, icon('send'), h('span', {}));
  /** @type {ReturnType<typeof fileTray>} */
  const tray = fileTray({ number: () => number, changed: (waits) => { send.disabled = waits; } });
  const form = h('form', { class: 'composer', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } },
    modes, suggestions, text, tray.list, h('div', { class: 'composer-foot' }, hint, state, tray.button, send));
  const closed = h('div', { class: 'composer closed', hidden: true }, h('p', {}, t('composer.closed')),
    h('button', { onclick: reopen }, t('action.reopen')), h('button', { class: 'quiet', onclick: () => { isInternal = true; draw(); text.focus(); } }, t('composer.note')));
  const element = h('div', { class: 'composer-frame' }, form, closed);

  /** @param {boolean} internal */
  function mode(internal) {
    isInternal = internal;
    draw();
    text.focus();
    keep();
  }

  /** Says where the words go: nobody shall write to a customer what was meant for a colleague. */
  function destination() {
    const who = ticket()?.requester_name || ticket()?.requester_phone || t('speaker.user');
    if (isInternal) return t('composer.goes_inside');
    if (ticket()?.channel === 'whatsapp') return t('composer.goes_whatsapp', { who });
    if (ticket()?.replies_by === 'email') return t('composer.goes_email', { who: ticket()?.requester_email || who });
    return t('composer.goes_nowhere');
  }

  function draw() {
    const isClosed = ticket()?.status === 'closed';
    form.hidden = isClosed && !isInternal;
    closed.hidden = !form.hidden;
    form.classList.toggle('internal', isInternal);
    if (!modes.childElementCount) {
      for (const internal of [false, true]) {
        modes.append(h('button', { type: 'button', role: 'radio', dataset: { internal: String(internal) }, onclick: () => mode(internal), onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key.startsWith('Arrow')) {
            event.preventDefault();
            mode(!internal);
            modes.querySelector('[aria-checked="true"]').focus();
          }
        } }, icon(internal ? 'lock' : 'chat'), internal ? t('composer.note') : t('composer.public')));
      }
    }
    for (const button of /** @type {Iterable<HTMLElement>} */ (modes.children)) {
      const on = button.dataset.internal === String(isInternal);
      button.setAttribute('aria-checked', String(on));
      button.tabIndex = on ? 0 : -1;
    }
    text.placeholder = isInternal ? t('composer.note_placeholder') : t('composer.placeholder');
    hint.textContent = destination();
    fill(send, icon(isInternal ? 'lock' : 'send'), h('span', {}, isInternal ? t('composer.add_note') : t('composer.send')));
    grow();
  }

  function grow() {
    text.style.height = 'auto';
    text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight * 0.4)}px`;
  }

  async function store() {
    const [of, body, internal] = [number, text.value, isInternal];
    const now = JSON.stringify([body, internal]);
    if (!of || now === kept || (!body && !kept)) return;
    kept = now;
    try {
      await put(`/api/drafts/${of}`, { body, is_internal: internal });
      if (of === number) state.textContent = body ? t('composer.kept') : '';
    } catch {
      if (of === number) state.textContent = t('composer.not_kept');
    }
  }
  const keep = debounced(KEEP_AFTER, () => void store());

  function submit() {
    const body = text.value.trim();
    if (!body || tray.waits()) return text.focus();
    say(body, isInternal, tray.take());
    text.value = '';
    keep.cancel();
    void store();
    suggest();
    grow();
  }

  /** The `/shortcut` that the caret stands in. */
  function shortcut() {
    const before = text.value.slice(0, text.selectionStart);
    const found = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u.exec(before);
    return found && { word: found[1].toLowerCase(), from: before.length - found[1].length - 1, to: before.length };
  }

  /** @type {Api.CannedView[]} */
  let offered = [];
  let at = 0;

  async function suggest() {
    const asked = shortcut();
    if (!asked) return hide();
    const all = await cannedResponses();
    const still = shortcut();
    if (!still || still.word !== asked.word) return;
    const fits = (/** @type {Api.CannedView} */ one) => (one.shortcut || '').replace(/^\//, '').toLowerCase().startsWith(asked.word) || (one.title || '').toLowerCase().includes(asked.word);
    offered = all.filter(fits).slice(0, 8);
    at = 0;
    if (!offered.length) return hide();
    fill(suggestions, offered.map((one, index) => h('li', { role: 'option', id: `canned-${index}`, onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); void insert(one); } },
      one.shortcut && h('kbd', {}, `/${one.shortcut.replace(/^\//, '')}`), h('span', {}, one.title), h('span', { class: 'preview', dir: 'auto' }, one.content))));
    suggestions.hidden = false;
    mark();
  }

  function mark() {
    [...suggestions.children].forEach((child, index) => {
      child.classList.toggle('at', index === at);
      child.setAttribute('aria-selected', String(index === at));
    });
    text.setAttribute('aria-activedescendant', `canned-${at}`);
  }

  function hide() {
    suggestions.hidden = true;
    offered = [];
    text.removeAttribute('aria-activedescendant');
  }

  /** Puts it in place of the shortcut, filled in for this ticket, to be changed before it is sent. @param {Api.CannedView} one */
  async function insert(one) {
    const place = shortcut();
    hide();
    try {
      const { body } = await post(`/api/tickets/canned-responses/${one.id}/render`, { ticket: String(number) });
      if (!place) return;
      // Counted, so that the most used stand out; if it fails nobody misses a thing.
      post(`/api/tickets/canned-responses/${one.id}/use`).catch(() => {});
      text.setRangeText(body, place.from, place.to, 'end');
      grow();
      keep();
      text.focus();
    } catch (error) {
      problem(error);
    }
  }

  let written = -Infinity;
  text.addEventListener('input', () => {
    written = performance.now();
    state.textContent = '';
    grow();
    keep();
    void suggest();
  });
  text.addEventListener('blur', () => setTimeout(hide, 150));
  text.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (offered.length && ['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].includes(event.key)) {
      event.preventDefault();
      if (event.key === 'Escape') hide();
      else if (event.key.startsWith('Arrow')) {
        at = (at + (event.key === 'ArrowDown' ? 1 : -1) + offered.length) % offered.length;
        mark();
      } else void insert(offered[at]);
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape') text.blur();
  });
  form.addEventListener('dragover', (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    form.classList.add('dropping');
  });
  form.addEventListener('dragleave', () => form.classList.remove('dropping'));
  form.addEventListener('drop', (/** @type {DragEvent} */ event) => {
    form.classList.remove('dropping');
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    tray.add([...event.dataTransfer.files]);
  });
  text.addEventListener('paste', (/** @type {ClipboardEvent} */ event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    tray.add([...event.clipboardData.files]);
  });
  const leaving = () => {
    keep.cancel();
    void store();
  };
  addEventListener('visibilitychange', leaving);

  return {
    /** Whether somebody has just written something. */
    isWriting: () => text.value !== '' && performance.now() - written < 8_000,
    element,
    draw,
    /** @param {boolean} internal */
    focus(internal) {
      mode(internal);
    },
    /** @param {number} next */
    async open(next) {
      leaving();
      tray.clear();
      number = next;
      kept = '';
      text.value = '';
      state.textContent = '';
      isInternal = false;
      hide();
      draw();
      if (!next) return;
      try {
        const draft = await get(`/api/drafts/${next}`);
        if (next !== number || text.value) return;
        text.value = draft.body;
        // Whoever has chosen to write inside meanwhile does not find it going out.
        isInternal ||= draft.is_internal && Boolean(draft.body);
        kept = draft.body ? JSON.stringify([draft.body, isInternal]) : '';
        if (draft.body) state.textContent = t('composer.kept');
        draw();
      } catch {
        // Without it there is an empty box to write in.
      }
    },
    close() {
      leaving();
      removeEventListener('visibilitychange', leaving);
    },
  };
}
