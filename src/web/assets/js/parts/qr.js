// A QR code (ISO/IEC 18004) of a text, drawn as a picture: bytes, error correction M, up to version 20 (666 bytes), which
// is more than an address for an authenticator app ever has. It is computed here, so nothing of the text goes anywhere.

import { svg } from '../dom.js';

/** Error correction codewords a block and number of blocks at level M, from version 1 on. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
/** Light modules around it, as readers want them. */
const QUIET = 4;
/** Bits of level M in the format. */
const LEVEL_M = 0;

/** Modules of a version that are no part of its patterns. @param {number} version */
function room(version) {
  let bits = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const aligned = Math.floor(version / 7) + 2;
    bits -= (25 * aligned - 10) * aligned - 55;
    if (version >= 7) bits -= 36;
  }
  return bits;
}

/** Codewords for data. @param {number} version */
const capacity = (version) => Math.floor(room(version) / 8) - CORRECTION[version - 1] * BLOCKS[version - 1];

/** In the field of 256 elements that Reed-Solomon codes use. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> bit) & 1) * a;
  }
  return product;
}

/** The codewords by which errors in a block are put right. @param {number[]} data @param {number} degree */
function correction(data, degree) {
  const divisor = Array(degree).fill(0);
  divisor[degree - 1] = 1;
  let root = 1;
  for (let at = 0; at < degree; at++) {
    for (let j = 0; j < degree; j++) divisor[j] = times(divisor[j], root) ^ (divisor[j + 1] || 0);
    root = times(root, 2);
  }
  const rest = Array(degree).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((coefficient, at) => { rest[at] ^= times(coefficient, factor); });
  }
  return rest;
}

/** All codewords in the order in which they are drawn: blocks interleaved. @param {Uint8Array} bytes @param {number} version */
function codewords(bytes, version) {
  /** @type {number[]} */
  const bits = [];
  const put = (/** @type {number} */ value, /** @type {number} */ length) => { for (let at = length - 1; at >= 0; at--) bits.push((value >>> at) & 1); };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  const all = capacity(version) * 8;
  put(0, Math.min(4, all - bits.length));
  put(0, -bits.length & 7);
  for (let pad = 0xec; bits.length < all; pad ^= 0xec ^ 0x11) put(pad, 8);
  const data = [];
  for (let at = 0; at < bits.length; at += 8) data.push(parseInt(bits.slice(at, at + 8).join(''), 2));

  const [degree, count] = [CORRECTION[version - 1], BLOCKS[version - 1]];
  const whole = Math.floor(room(version) / 8);
  const short = Math.floor(whole / count) - degree;
  const longer = whole % count;
  /** @type {number[][]} */
  const blocks = [];
  for (let at = 0, from = 0; at < count; at++) {
    const length = short + (at < count - longer ? 0 : 1);
    blocks.push(data.slice(from, from + length));
    from += length;
  }
  const fixes = blocks.map((block) => correction(block, degree));
  const words = [];
  for (let at = 0; at <= short; at++) for (const block of blocks) if (at < block.length) words.push(block[at]);
  for (let at = 0; at < degree; at++) for (const fix of fixes) words.push(fix[at]);
  return words;
}

/** Where alignment patterns stand, in either direction. @param {number} version */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const places = [6];
  for (let at = version * 4 + 10; places.length < count; at -= step) places.splice(1, 0, at);
  return places;
}

/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [(x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0, (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0, (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0];

/** What makes a picture hard to read (runs, squares, patterns like a finder's, too much of one colour), by the standard's weights. @param {boolean[][]} dark */
function penalty(dark) {
  const size = dark.length;
  let sum = 0;
  const column = (/** @type {number} */ x) => dark.map((row) => row[x]);
  for (let at = 0; at < size; at++) {
    for (const line of [dark[at], column(at)]) {
      const text = line.map(Number).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) || []) sum += run.length - 2;
      for (const finder of ['10111010000', '00001011101']) for (let from = text.indexOf(finder); from >= 0; from = text.indexOf(finder, from + 1)) sum += 40;
    }
  }
  for (let y = 1; y < size; y++) for (let x = 1; x < size; x++) if (dark[y][x] === dark[y - 1][x] && dark[y][x] === dark[y][x - 1] && dark[y][x] === dark[y - 1][x - 1]) sum += 3;
  const share = dark.flat().filter(Boolean).length / (size * size);
  return sum + Math.floor(Math.abs(share - 0.5) * 20) * 10;
}

/** The modules of a code, row by row; true is dark. @param {string} text @returns {boolean[][]} */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  let version = 1;
  while (version <= CORRECTION.length && capacity(version) * 8 < 4 + (version < 10 ? 8 : 16) + bytes.length * 8) version++;
  if (version > CORRECTION.length) throw new RangeError('too long for a QR code');
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => Array(size).fill(false));
  const fixed = Array.from({ length: size }, () => Array(size).fill(false));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ isDark) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y][x] = isDark;
    fixed[y][x] = true;
  };
  /** Squares in squares around a place. @param {number} cx @param {number} cy @param {number} reach @param {number[]} light */
  const square = (cx, cy, reach, light) => {
    for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, [2, 4]);
  const places = alignments(version);
  const last = places.length - 1;
  places.forEach((x, i) => places.forEach((y, j) => { if (!((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0))) square(x, y, 2, [1]); }));

  /** @param {number} mask */
  const format = (mask) => {
    const data = (LEVEL_M << 3) | mask;
    let rest = data;
    for (let at = 0; at < 10; at++) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    const bits = ((data << 10) | rest) ^ 0x5412;
    const bit = (/** @type {number} */ at) => ((bits >>> at) & 1) === 1;
    for (let at = 0; at <= 5; at++) set(8, at, bit(at));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let at = 9; at < 15; at++) set(14 - at, 8, bit(at));
    for (let at = 0; at < 8; at++) set(size - 1 - at, 8, bit(at));
    for (let at = 8; at < 15; at++) set(8, size - 15 + at, bit(at));
    set(8, size - 8, true);
  };
  format(0);
  if (version >= 7) {
    let rest = version;
    for (let at = 0; at < 12; at++) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (version << 12) | rest;
    for (let at = 0; at < 18; at++) {
      const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
      set(a, b, ((bits >>> at) & 1) === 1);
      set(b, a, ((bits >>> at) & 1) === 1);
    }
  }

  const words = codewords(bytes, version);
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (fixed[y][x] || bit >= words.length * 8) continue;
        dark[y][x] = ((words[bit >>> 3] >>> (7 - (bit & 7))) & 1) === 1;
        bit++;
      }
    }
  }

  const masked = (/** @type {number} */ mask) => {
    format(mask);
    return dark.map((row, y) => row.map((isDark, x) => isDark !== (!fixed[y][x] && MASKS[mask](x, y))));
  };
  const all = MASKS.map((_, mask) => masked(mask));
  const weights = all.map(penalty);
  return all[weights.indexOf(Math.min(...weights))];
}

/** The picture of a code, dark on white in every scheme, as readers want it. @param {string} text @param {string} label */
export function qr(text, label) {
  const dark = modules(text);
  const size = dark.length + 2 * QUIET;
  const path = dark.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x + QUIET},${y + QUIET}h1v1h-1z` : ''))).join('');
  return svg('svg', { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' }, svg('path', { fill: '#fff', d: `M0,0h${size}v${size}h-${size}z` }), svg('path', { fill: '#000', d: path }));
}
