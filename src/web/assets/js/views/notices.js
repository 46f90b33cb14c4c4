// What calls for attention while somebody looks elsewhere: a note on the desktop, a sound; each only if it is wanted
// (S1.19).

import { t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { go } from '../router.js';
import { me } from '../session.js';

const QUIET = 5_000;
let last = -Infinity;

const wants = (/** @type {string} */ what) => localStorage.getItem(what) === 'on';

/** The switches of it. @returns {import('../parts/menu.js').Choice[]} */
export function attention() {
  const desktop = {
    label: t('notice.desktop'),
    mark: icon('bell'),
    current: wants('desktop'),
    run: async () => {
      const on = !wants('desktop') && (await Notification.requestPermission()) === 'granted';
      localStorage.setItem('desktop', on ? 'on' : 'off');
    },
  };
  const sound = { label: t('notice.sound'), mark: icon('bell'), current: wants('sound'), run: () => localStorage.setItem('sound', wants('sound') ? 'off' : 'on') };
  return 'Notification' in window ? [desktop, sound] : [sound];
}

/** @param {import('../live.js').LiveEvent} event */
export function notice(event) {
  const isNew = event.event === 'ticket.created' && !event.call_running;
  const isMine = event.event === 'ticket.message.added' && event.entry?.speaker === 'user' && event.assignee_id === me().id;
  if (!isNew && !isMine) return;
  const now = performance.now();
  if (now - last < QUIET) return;
  last = now;
  if (wants('sound')) beep();
  if (!wants('desktop') || !document.hidden || Notification.permission !== 'granted') return;
  // No names and no words: a screen may be seen by others.
  const shown = new Notification(isNew ? t('notice.new') : t('notice.message'), { body: `#${event.number}`, tag: `ticket-${event.number}` });
  shown.onclick = () => {
    window.focus();
    go(`/tickets/${event.number}`);
  };
}

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.35);
  tone.onended = () => void audio.close();
}
