// The public API, as every program sees it.

/** What the daemon refused, or that it was not reached (status 0). */
export class Refused extends Error {
  /** @param {number} status @param {any} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** Sent with whatever changes something; given by the session. @type {string | null} */
let csrf = null;
/** @type {() => void} */
let lost = () => {};

/** @param {string | null} token */
export const useCsrf = (token) => {
  csrf = token;
};

/** Called when the daemon no longer knows who we are. @param {() => void} run */
export const onLost = (run) => {
  lost = run;
};

/**
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @param {{ silent?: boolean, headers?: Record<string, string> }} [options] `silent`: a 401 is an answer, not the end
 *   of the session
 * @returns {Promise<any>}
 */
export async function call(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: 'application/json', ...options.headers };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (csrf && method !== 'GET') headers['x-csrf-token'] = csrf;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    throw new Refused(0, { detail: String(error) });
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  let value = {};
  try {
    value = text ? JSON.parse(text) : {};
  } catch {
    if (answer.ok) throw new Refused(answer.status, { detail: text.slice(0, 200) });
  }
  if (answer.ok) return value;
  if (answer.status === 401 && !options.silent) lost();
  throw new Refused(answer.status, value);
}

/** @param {string} path */
export const get = (path) => call('GET', path);
/** @param {string} path @param {any} [body] */
export const post = (path, body = {}) => call('POST', path, body);
/** @param {string} path @param {any} body */
export const put = (path, body) => call('PUT', path, body);
/** @param {string} path @param {any} body */
export const patch = (path, body) => call('PATCH', path, body);

/** A query string of what is there. @param {Record<string, any>} values */
export function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : '';
}

/**
 * Sends a file as it is, and tells how far it has come. @param {string} path @param {File} file @param {(part: number) => void} told 0 to 1
 * @returns {{ done: Promise<any>, stop: () => void }}
 */
export function upload(path, file, told) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(event.loaded / event.total); };
    request.onerror = () => reject(new Refused(0, { detail: file.name }));
    request.onabort = () => reject(new Refused(0, { detail: file.name }));
    request.onload = () => {
      let value = {};
      try {
        value = JSON.parse(request.responseText || '{}');
      } catch {
        // The status says enough.
      }
      if (request.status === 401) lost();
      if (request.status < 300) resolve(value);
      else reject(new Refused(request.status, value));
    };
  });
  request.open('POST', path);
  request.setRequestHeader('content-type', file.type || 'application/octet-stream');
  if (csrf) request.setRequestHeader('x-csrf-token', csrf);
  request.send(file);
  return { done, stop: () => request.abort() };
}
