// Builds elements. Text is always a text node: nothing that anybody wrote ever becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Properties that begin with `on` are listeners; `class`, `dataset`, `hidden` and the like are set as
 * they are meant; false, null and undefined leave a property or a child out.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...any} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  append(element, children);
  return element;
}

/** The same for pictures. @param {string} tag @param {Record<string, any>} properties @param {...any} children */
export function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

/** @param {any} element @param {Record<string, any>} properties */
export function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'class') element.className = value || '';
    else if (name === 'value') element.value = value;
    else if (value === false || value === null) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** @param {Element} element @param {any[]} children */
function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts these children in place of all that an element has. @param {Element} element @param {...any} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * Makes the children of an element these, by key: what has not changed stays as it is, so focus, scrolling and
 * selection stay too.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => string} versionOf what a child is made anew for
 * @param {(item: T) => HTMLElement} make
 */
export function reconcile(parent, items, keyOf, versionOf, make) {
  /** @type {Map<string, HTMLElement>} */
  const known = new Map();
  for (const child of /** @type {any} */ (parent.children)) known.set(child.dataset.key, child);
  let at = /** @type {ChildNode | null} */ (parent.firstChild);
  for (const item of items) {
    const key = keyOf(item);
    const version = versionOf(item);
    let child = known.get(key);
    known.delete(key);
    if (!child || child.dataset.version !== version) {
      const fresh = make(item);
      fresh.dataset.key = key;
      fresh.dataset.version = version;
      if (child) {
        if (at === child) at = fresh;
        child.replaceWith(fresh);
      }
      child = fresh;
    }
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
  for (const gone of known.values()) gone.remove();
}

/** Calls `run` once things have been quiet for `wait` milliseconds. @param {number} wait @param {() => void} run */
export function debounced(wait, run) {
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(run, wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Calls `run` soon, and at most every `wait` milliseconds. @param {number} wait @param {() => void} run */
export function throttled(wait, run) {
  let timer = 0;
  let last = -Infinity;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      run();
    }, Math.max(0, last + wait - performance.now()));
  };
}
