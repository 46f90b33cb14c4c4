// The customers' pages (S3.40 to S3.44): ask, find, look, reply, rate. No account: whoever has a ticket's link has the
// ticket. Its token stands behind the `#`, which no browser sends and no log sees.

import { call } from '../api.js';
import { fill, h } from '../dom.js';
import { choose, language, languages, load, t } from '../i18n.js';
import { icon } from '../parts/icons.js';
import { route, go } from '../router.js';
import { submitPage } from './submit.js';
import { findPage } from './find.js';
import { ticketPage } from './ticket.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const PATH = /^\/portal\/tickets\/([\w-]+)$/;

/** What the place is called, and in which colour. @type {{ name: string, color: string | null, max_file: number }} */
let desk = { name: '', color: null, max_file: 0 };
/** @type {(() => void) | null} */
let leave = null;

/** The token of an address: behind the `#`; behind a `?`, as in mails of other desks, it is put where nobody sees it. */
function token() {
  const said = new URLSearchParams(location.search).get('token');
  if (said) history.replaceState(null, '', `${location.pathname}#${said}`);
  return said || location.hash.slice(1);
}

/** Black or white, whichever can be read on a colour. @param {string} color */
function readable(color) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}

/** @param {string} path */
function show(path) {
  leave?.();
  leave = null;
  const found = PATH.exec(path);
  const page = found ? ticketPage(found[1], token()) : path === '/portal/find' ? findPage() : submitPage((made) => go(`/portal/tickets/${made.ticket.id}#${made.accessToken}`));
  leave = page.close || null;
  const link = (/** @type {string} */ href, /** @type {string} */ word) => h('a', { href, 'aria-current': path === href ? 'page' : false }, word);
  const select = h('select', { 'aria-label': t('language'), onchange: () => choose(select.value) }, languages().map(([tag, name]) => h('option', { value: tag, lang: tag, selected: tag === language }, name)));
  fill(root, h('div', { class: 'portal' },
    h('header', { class: 'portal-head' }, h('a', { class: 'brand', href: '/portal', dir: 'auto' }, h('span', { class: 'portal-mark', 'aria-hidden': 'true' }, [...(desk.name || t('portal.title'))][0]), desk.name || t('portal.title')),
      h('nav', { 'aria-label': t('portal.title') }, link('/portal', t('portal.ask')), link('/portal/find', t('portal.find')))),
    h('main', { class: 'portal-main' }, page.element),
    h('footer', { class: 'languages' }, icon('language'), select)));
  document.title = [page.title, desk.name].filter(Boolean).join(' · ');
  scrollTo(0, 0);
}

await load();
desk = await call('GET', '/api/public/desk').catch(() => desk);
if (desk.color) {
  document.documentElement.style.setProperty('--brand', desk.color);
  document.documentElement.style.setProperty('--on-brand', readable(desk.color));
}
addEventListener('hashchange', () => show(location.pathname));
route(show);
