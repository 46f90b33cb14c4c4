// A list of tickets of any length: pages are asked for as they come into view, and kept true by what happens.

import { get, query } from './api.js';

/** @typedef {Api.ListedTicket} Row as the API lists a ticket */

export const PAGE = 100;
/** Pages kept; the ones out of sight longest go first. */
const MAX_PAGES = 30;

export class TicketList {
  /** @param {Record<string, any>} filter @param {() => void} changed */
  constructor(filter, changed) {
    this.filter = filter;
    this.changed = changed;
    /** @type {number | null} */
    this.total = null;
    /** @type {any} */
    this.error = null;
    /** @type {Map<number, Row[]>} */
    this.pages = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
  }

  /** @param {number} index @returns {Row | undefined} */
  row(index) {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** The place of a ticket among what is loaded, or -1. @param {number} number */
  indexOf(number) {
    for (const [page, rows] of this.pages) {
      const at = rows.findIndex((row) => row.number === number);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Asks for what is missing between two places. @param {number} from @param {number} to */
  want(from, to) {
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page += 1) {
      if (!this.pages.has(page) && !this.asked.has(page)) void this.load(page);
    }
  }

  /** The tickets from one place to another, asked for where they are missing. @param {number} from @param {number} to @returns {Promise<number[]>} */
  async between(from, to) {
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page += 1) if (!this.pages.has(page)) await this.load(page);
    const rows = Array.from({ length: to - from + 1 }, (_, at) => this.row(from + at));
    return rows.flatMap((row) => (row ? [row.number] : []));
  }

  /** @param {number} page */
  async load(page) {
    this.asked.add(page);
    try {
      const answer = await get(`/api/tickets${query({ ...this.filter, page: page + 1, limit: PAGE })}`);
      this.total = answer.pagination.total;
      this.pages.delete(page);
      this.pages.set(page, answer.tickets);
      const [oldest] = this.pages.keys();
      if (this.pages.size > MAX_PAGES) this.pages.delete(oldest);
      this.error = null;
    } catch (error) {
      this.error = error;
    } finally {
      this.asked.delete(page);
    }
    this.changed();
  }

  /** Reads again what is in view; what is out of view is read when it comes into view. @param {number} from @param {number} to */
  refresh(from, to) {
    const first = Math.floor(Math.max(0, from) / PAGE);
    const last = Math.floor(Math.max(0, to) / PAGE);
    for (const page of [...this.pages.keys()]) if (page < first || page > last) this.pages.delete(page);
    for (let page = first; page <= last; page += 1) if (!this.asked.has(page)) void this.load(page);
  }

  /** Takes over what an event tells of a ticket that is loaded. @param {import('./live.js').LiveEvent} event */
  patch(event) {
    for (const rows of this.pages.values()) {
      const row = rows.find((row) => row.number === event.number);
      if (!row || event.status === undefined) continue;
      const { status, priority, assignee_id, assignee_name, call_running } = /** @type {any} */ (event);
      Object.assign(row, { status, priority, assignee_id, assignee_name, call_running });
      return true;
    }
    return false;
  }
}
