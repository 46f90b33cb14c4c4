// The pages beside the tickets. Each is a module of its own that is loaded when somebody goes there.
//
// A module's default export makes the page: `page()` gives its element, `show(path)` which is called with each address
// below its own, and `close()`.

import { t } from './i18n.js';

/** @typedef {{ element: HTMLElement, show: (path: string) => void, close: () => void }} Page */
/** @typedef {{ name: string, href: string, icon: string, label: () => string, roles: string[], personal?: boolean, load: () => Promise<{ default: () => Page }> }} Entry `personal`: reached by the menu under one's name */

const EVERYBODY = ['agent', 'supervisor', 'admin'];

/** @type {Entry[]} */
export const PAGES = [
  { name: 'search', href: '/search', icon: 'search', label: () => t('search.title'), roles: EVERYBODY, load: () => import('./views/search.js') },
  { name: 'contacts', href: '/contacts', icon: 'people', label: () => t('contacts.title'), roles: EVERYBODY, load: () => import('./views/contacts.js') },
  { name: 'admin', href: '/admin', icon: 'tool', label: () => t('admin.title'), roles: ['admin'], load: () => import('./views/admin.js') },
  { name: 'home', href: '/home', icon: 'gauge', label: () => t('home.title'), roles: ['supervisor', 'admin'], load: () => import('./views/home.js') },
  { name: 'analytics', href: '/analytics', icon: 'bars', label: () => t('analytics.title'), roles: EVERYBODY, load: () => import('./views/analytics.js') },
  { name: 'calls', href: '/calls', icon: 'call', label: () => t('calls.title'), roles: EVERYBODY, load: () => import('./views/calls.js') },
  { name: 'account', href: '/account', icon: 'person', label: () => t('account.title'), roles: EVERYBODY, personal: true, load: () => import('./views/account.js') },
];

/** The page of an address. @param {string} path */
export const pageOf = (path) => PAGES.find((page) => path === page.href || path.startsWith(`${page.href}/`));

/** Loads a page's own styles, once. @param {string} name */
export function style(name) {
  const href = new URL(`../css/${name}.css`, import.meta.url).href;
  const known = document.querySelector(`link[href="${href}"]`);
  if (known) return Promise.resolve();
  return new Promise((done) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    link.onload = link.onerror = () => done(undefined);
    document.head.append(link);
  });
}
