// The words of the pages: one file a language, none missing (a test of the build sees to that).

const LANGUAGES = { en: 'English', id: 'Bahasa Indonesia', es: 'Español', 'zh-Hans': '简体中文' };
const RIGHT_TO_LEFT = ['ar', 'fa', 'he', 'ur'];

/** @type {Record<string, string>} */
let words = {};
export let language = 'en';

/** The language as it is written where we are: `en-GB`. */
export let region = 'en';

/** The languages that there are, each in its own name. @returns {[string, string][]} */
export const languages = () => Object.entries(LANGUAGES);

/** What the browser asks for, unless somebody chose. @returns {string} */
function wanted() {
  const chosen = localStorage.getItem('language');
  if (chosen && chosen in LANGUAGES) return chosen;
  for (const tag of navigator.languages || []) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'zh') return 'zh-Hans';
    if (base in LANGUAGES) return base;
  }
  return 'en';
}

/** Loads the words; to be awaited before anything is shown. */
export async function load() {
  language = wanted();
  region = navigator.languages?.find((tag) => tag.split('-')[0] === language.split('-')[0]) || language;
  const answer = await fetch(new URL(`../i18n/${language}.json`, import.meta.url));
  words = await answer.json();
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
}

/** @param {string} tag */
export function choose(tag) {
  localStorage.setItem('language', tag);
  location.reload();
}

/**
 * The words under a key; `{name}` in them is what `values` has under that name. An unknown key shows itself: rather
 * than nothing.
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export function t(key, values = {}) {
  const text = words[key] ?? key.slice(key.lastIndexOf('.') + 1).replaceAll('_', ' ');
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Words for so many things: `key` of many has a `key_one` beside it. @param {string} key @param {number} count */
export const counted = (key, count) => t(new Intl.PluralRules(language).select(count) === 'one' ? `${key}_one` : key, { count: number(count) });

/** @param {number} count */
export const number = (count) => new Intl.NumberFormat(language).format(count);
