// Who sits here. The session is a cookie that no script can read; what scripts know is who, and the token against
// forged requests.

import { call, useCsrf } from './api.js';

/** @typedef {{ id: number, name: string, email: string, role: string }} Agent */

/** @type {Agent | null} */
let agent = null;

/** The person of the session; only where there is one. @returns {Agent} */
export function me() {
  if (!agent) throw new Error('nobody is logged in');
  return agent;
}

export const isSupervisor = () => agent !== null && agent.role !== 'agent';

/** @param {{ agent: Agent, csrf_token?: string }} answer */
function begin(answer) {
  agent = answer.agent;
  useCsrf(answer.csrf_token || null);
}

/** Whether somebody is logged in. @returns {Promise<boolean>} */
export async function resume() {
  try {
    begin(await call('GET', '/api/auth/me', undefined, { silent: true }));
    return true;
  } catch (error) {
    if (/** @type {any} */ (error).status === 401) return false;
    throw error;
  }
}

/** @param {{ email: string, password: string, totp?: string, remember?: boolean }} who */
export async function login(who) {
  begin(await call('POST', '/api/auth/login', { ...who, cookie: true }, { silent: true }));
}

/** Uses a one-time link. Whether they are logged in now: not those who need a second factor. @param {Record<string, any>} form */
export async function setUp(form) {
  const answer = await call('POST', '/api/setup', { ...form, cookie: true }, { silent: true });
  if (!answer.csrf_token) return false;
  begin(answer);
  return true;
}

export async function logout() {
  await call('POST', '/api/auth/logout', {}, { silent: true });
  forget();
}

/** Without asking the daemon: it has ended the session. */
export function forget() {
  agent = null;
  useCsrf(null);
}
