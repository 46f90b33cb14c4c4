// Files that go along with what is written: chosen, dropped or pasted, uploaded at once, attached when it is sent.

import { call, query, upload } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { problem } from '../parts/toast.js';

const MAX = 10;
/** What browsers show without running any of it. */
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** @typedef {{ name: string, id: number | null, part: number, stop: () => void }} Sent */

/** @param {{ number: () => number, changed: (waits: boolean) => void }} how `waits`: some are still on their way */
export function fileTray({ number, changed }) {
  /** @type {Sent[]} */
  let files = [];
  const input = h('input', { type: 'file', multiple: true, hidden: true, tabindex: -1, 'aria-label': t('files.add'), onchange: () => { add([...input.files]); input.value = ''; } });
  const button = h('button', { type: 'button', class: 'quiet icon-only', title: t('files.add'), 'aria-label': t('files.add'), onclick: () => input.click() }, icon('clip'));
  const list = h('ul', { class: 'files', 'aria-label': t('files.label') });

  function draw() {
    fill(list, files.map((file) => h('li', { class: 'file-chip' }, icon('clip'), h('bdi', { class: 'file' }, file.name),
      file.id === null && h('progress', { max: 1, value: file.part, 'aria-label': file.name }),
      h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': t('files.remove', { name: file.name }), onclick: () => void remove(file) }, icon('close')))));
    list.hidden = !files.length;
    changed(files.some((file) => file.id === null));
  }

  /** @param {File[]} chosen */
  function add(chosen) {
    const of = number();
    for (const file of chosen.slice(0, MAX - files.length)) {
      const one = /** @type {Sent} */ ({ name: file.name, id: null, part: 0, stop: () => {} });
      const sending = upload(`/api/tickets/${of}/attachments${query({ name: file.name })}`, file, (part) => {
        one.part = part;
        const bar = /** @type {any} */ (list.children[files.indexOf(one)])?.querySelector('progress');
        if (bar) bar.value = part;
      });
      one.stop = sending.stop;
      files.push(one);
      sending.done.then((answer) => {
        one.id = answer.attachments[0].id;
        draw();
      }, (error) => {
        const known = files.includes(one);
        files = files.filter((other) => other !== one);
        draw();
        if (known) problem(error);
      });
    }
    draw();
  }

  /** @param {Sent} file */
  async function remove(file) {
    files = files.filter((other) => other !== file);
    draw();
    if (file.id === null) return file.stop();
    // What is attached to nothing goes by itself within a day, too.
    await call('DELETE', `/api/tickets/${number()}/attachments/${file.id}`).catch(() => {});
  }

  draw();
  return {
    button: h('span', {}, input, button),
    list,
    add,
    /** Whether some are still on their way. */
    waits: () => files.some((file) => file.id === null),
    /** The ids of those that are there, which are given away with it. */
    take() {
      const ids = files.flatMap((file) => (file.id === null ? [] : [file.id]));
      files = [];
      draw();
      return ids;
    },
    /** Of another ticket nothing goes along. */
    clear() {
      for (const file of files) if (file.id === null) file.stop();
      files = [];
      draw();
    },
  };
}

/** Uploaded files of an entry: pictures are shown, others are given. @param {number} ticket @param {any[]} files */
export const filesOf = (ticket, files) => files.map((file) => {
  const path = `/api/tickets/${ticket}/attachments/${file.id}`;
  const size = file.bytes < 1_048_576 ? `${Math.max(1, Math.round(file.bytes / 1024))} KB` : `${(file.bytes / 1_048_576).toFixed(1)} MB`;
  return h('a', { class: 'attachment', href: path, target: '_blank', rel: 'noopener', download: file.file_name },
    PICTURES.includes(file.media_type) && h('img', { src: path, alt: file.file_name, loading: 'lazy', class: 'preview' }),
    icon('clip'), h('bdi', { class: 'file' }, file.file_name), h('span', { class: 'role' }, size));
});
