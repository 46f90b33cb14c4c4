// Which tickets of a list are chosen, to do the same with all of them. Known by number, so that rows may come and go.

/** As many as can be chosen at once. */
export const MAX_CHOSEN = 500;

export class Selection {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {Set<number>} */
    this.numbers = new Set();
    /** Where a range begins. @type {number | null} */
    this.anchor = null;
  }

  get size() {
    return this.numbers.size;
  }

  /** @param {number} number */
  has(number) {
    return this.numbers.has(number);
  }

  /** @param {number} number */
  toggle(number) {
    if (!this.numbers.delete(number) && this.size < MAX_CHOSEN) this.numbers.add(number);
    this.anchor = number;
    this.changed();
  }

  /** @param {number[]} numbers */
  add(numbers) {
    for (const number of numbers) if (this.size < MAX_CHOSEN) this.numbers.add(number);
    this.changed();
  }

  /** Leaves these alone. @param {number[]} numbers */
  keep(numbers) {
    this.numbers = new Set(numbers);
    this.anchor = null;
    this.changed();
  }

  clear() {
    if (this.size) this.keep([]);
  }
}
