// Where everything begins: the words, who sits here, and the page that the address names.

import { onLost } from './api.js';
import { fill, h } from './dom.js';
import { load, t } from './i18n.js';
import * as live from './live.js';
import { problem } from './parts/toast.js';
import { go, route } from './router.js';
import * as session from './session.js';
import { loginPage } from './views/login.js';
import { setupPage } from './views/setup.js';
import { workspace } from './views/workspace.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));

/** @type {ReturnType<typeof workspace> | null} */
let open = null;
let known = false;

/** Ends what is open. */
function leave() {
  open?.close();
  open = null;
  known = false;
  live.stop();
}

/** @param {string} path */
async function show(path) {
  if (path === '/setup') {
    leave();
    return fill(root, setupPage((isFirst) => enter(isFirst ? '/admin/start' : '/tickets'), () => go('/login', { replace: true })));
  }
  if (path === '/login') {
    leave();
    return fill(root, loginPage(() => enter(afterLogin())));
  }
  if (!known) {
    try {
      known = await session.resume();
    } catch (error) {
      fill(root, h('main', { class: 'centred' }, h('p', {}, t('app.unreachable')), h('button', { class: 'primary', onclick: () => show(path) }, t('app.again'))));
      return;
    }
    if (!known) return go(`/login${path === '/' ? '' : `?to=${encodeURIComponent(path + location.search + location.hash)}`}`, { replace: true });
  }
  if (path === '/') return go('/tickets', { replace: true });
  if (!open) {
    open = workspace({ logout });
    fill(root, open.element);
    live.start();
  }
  open.show(path);
}

/** Only ways within this page: a link may not lead elsewhere. */
function afterLogin() {
  const to = new URLSearchParams(location.search).get('to') || '';
  return /^\/[\w-]+([/?]|$)/.test(to) && !to.startsWith('/login') ? to : '/tickets';
}

/** @param {string} to */
function enter(to) {
  known = true;
  go(to, { replace: true });
}

async function logout() {
  try {
    await session.logout();
  } catch (error) {
    return problem(error);
  }
  leave();
  go('/login');
}

onLost(() => {
  if (!known) return;
  session.forget();
  const path = location.pathname + location.search + location.hash;
  leave();
  go(`/login?to=${encodeURIComponent(path)}`);
});

await load();
route((path) => void show(path));
