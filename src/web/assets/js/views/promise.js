// What a ticket was promised: clocks that count down (S3.10, S3.12). The daemon says how long is left and whether the
// clock stands still; between two answers the page counts.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { exact } from '../time.js';

/** Of a target so much is left, in parts, when it is at risk (as the daemon has it). */
const AT_RISK = 0.25;
const AGAIN = 60_000;

/** "1 d 3 h", "2:05:09". @param {number} seconds */
export function span(seconds) {
  const all = Math.abs(Math.round(seconds));
  const [days, hours, minutes] = [Math.floor(all / 86_400), Math.floor(all / 3_600) % 24, Math.floor(all / 60) % 60];
  const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
  const text = days ? `${days}d ${hours}h` : hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
  return seconds < 0 ? `−${text}` : text;
}

export function promise() {
  const element = h('div', { class: 'promise', hidden: true });
  let number = 0;
  /** @type {Api.SlaView | null} */
  let told = null;
  let at = 0;
  let asked = 0;
  let timer = 0;

  /** @param {'first_response' | 'resolution'} name */
  function clockOf(name) {
    const target = told?.[name];
    if (!told || !target || target.status === 'met') return null;
    // Within business hours only the daemon knows when the clock stands still; it is asked again each minute.
    const ahead = target.due_at ? (Date.parse(target.due_at) - at) / 1000 : Infinity;
    const runs = !target.paused && (told.business_hours_id === null || Math.abs(ahead - target.remaining_seconds) < 120);
    const left = target.remaining_seconds - (runs ? (Date.now() - at) / 1000 : 0);
    const status = left < 0 ? 'breached' : left < target.target_minutes * 60 * AT_RISK ? 'at_risk' : 'on_track';
    const label = name === 'first_response' ? t('sla.first_response') : t('sla.resolution');
    const word = status === 'breached' ? t('sla.breached') : status === 'at_risk' ? t('sla.at_risk') : t('sla.on_track');
    return h('span', { class: `sla sla-${status}`, dataset: { target: name }, title: target.due_at ? `${label}: ${exact(target.due_at)}` : label },
      icon(status === 'breached' ? 'alert' : target.paused ? 'lock' : 'clock'), `${label} `, h('span', { class: 'sla-left' }, span(left)), h('span', { class: 'only-read' }, word), target.paused && h('span', {}, t('sla.paused')));
  }

  function draw() {
    fill(element, told && [clockOf('first_response'), clockOf('resolution')]);
    element.hidden = !element.childElementCount;
  }

  /** The daemon is asked again, for the clocks that stand still by its calendar. */
  async function again() {
    const of = number;
    asked = Date.now();
    const ticket = await get(`/api/tickets/${of}`).catch(() => null);
    if (ticket && of === number) show(of, ticket.sla);
  }

  /** What a ticket was promised, as it has just been read. @param {number} of @param {Api.SlaView | null | undefined} sla */
  function show(of, sla) {
    number = of;
    told = sla ?? null;
    at = Date.now();
    draw();
    clearInterval(timer);
    timer = told ? setInterval(() => (Date.now() - Math.max(at, asked) > AGAIN ? void again() : draw()), 1_000) : 0;
  }

  return { element, show, close: () => clearInterval(timer) };
}
