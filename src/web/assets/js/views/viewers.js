// Who else looks at the ticket, and who writes on it: so that two do not answer the same customer.

import { post } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { onMoment } from '../live.js';
import { avatar } from '../parts/marks.js';
import { me } from '../session.js';

/** How often we say that we still look: the daemon forgets whoever has not for 30 s. */
const AGAIN = 10_000;
const LOOK = 1_000;

/** @param {{ writing: () => boolean }} how */
export function viewers({ writing }) {
  const element = h('div', { class: 'viewers', role: 'status', hidden: true });
  let number = 0;
  let typing = false;
  let said = -Infinity;

  /** @param {{ id: number, name: string, typing: boolean }[]} all */
  function draw(all) {
    const others = all.filter((one) => one.id !== me().id);
    const writers = others.filter((one) => one.typing);
    const shown = writers.length ? writers : others;
    const names = new Intl.ListFormat(document.documentElement.lang).format(shown.slice(0, 3).map((one) => one.name));
    const word = `${writers.length ? 'type' : 'look'}${shown.length === 1 ? 's' : ''}`;
    element.hidden = !shown.length;
    element.classList.toggle('is-typing', writers.length > 0);
    fill(element, shown.length > 0 && [h('span', { class: 'viewers-marks' }, shown.slice(0, 3).map((one) => avatar(one.name, 'small'))), h('span', { dir: 'auto' }, t('viewing.' + word, { names }))]);
  }

  /** @param {number} of @param {Record<string, boolean>} what */
  async function say(of, what) {
    said = performance.now();
    try {
      const { viewers } = await post(`/api/tickets/${of}/viewing`, what);
      if (of === number) draw(viewers);
    } catch {
      // Of no weight: it is said again soon, and whoever may not look sees so elsewhere.
    }
  }

  function look() {
    if (!number || document.hidden) return;
    const now = writing();
    if (now === typing && performance.now() - said < AGAIN) return;
    typing = now;
    void say(number, { typing });
  }

  const stop = onMoment((moment) => {
    if (moment.event === 'ticket.viewing' && moment.number === number) draw(moment.viewers || []);
  });
  const timer = setInterval(look, LOOK);

  return {
    element,
    /** @param {number} next */
    open(next) {
      if (number && number !== next) void say(number, { viewing: false });
      number = next;
      typing = false;
      said = -Infinity;
      draw([]);
      look();
    },
    close() {
      if (number) void say(number, { viewing: false });
      number = 0;
      clearInterval(timer);
      stop();
    },
  };
}
