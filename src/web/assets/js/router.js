// Addresses: links go without loading the page again, and the browser's own ways back and forth work.

/** @type {(path: string) => void} */
let show = () => {};

/** @param {(path: string) => void} run called with the path whenever it changes */
export function route(run) {
  show = run;
  window.addEventListener('popstate', () => show(location.pathname));
  document.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest?.('a[href]');
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.hasAttribute('target') || link.hasAttribute('data-plain')) return;
    const to = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    if (to.origin !== location.origin) return;
    event.preventDefault();
    go(to.pathname + to.search + to.hash);
  });
  show(location.pathname);
}

/** @param {string} to @param {{ replace?: boolean }} [how] */
export function go(to, how = {}) {
  if (to !== location.pathname + location.search + location.hash) {
    if (how.replace) history.replaceState(null, '', to);
    else history.pushState(null, '', to);
  }
  show(location.pathname);
}
