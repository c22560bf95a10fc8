/**
 * How high the lines of a kiosk are: as the fonts of this machine need them, in whole pixels of its screen. Where a font
 * is higher than its line, hidden lines reach into those that are shown, and a column scrolls beyond its last line.
 */

import { element } from './elements.js';

/** Least distance from line to line, in sizes of the letters. */
const LEADING = 1.32;
/** Size of the letters that are measured while the size on the screen is not known yet, in CSS pixels. */
const SAMPLE_PX = 100;
/** More than the rounding errors of floating point, in pixels of the screen. */
const SLACK_PX = 0.01;

/** @typedef {{box: number, least: number}} Letters CSS pixels: height of what is drawn behind a line; height that a line needs */

export class LineFit {
  #screen;
  #lines;
  /** @type {Map<HTMLElement, Map<string, string>>} of each column: languages, and a sample of their letters */
  #samples = new Map();

  /**
   * @param {HTMLElement} screen gets `--ems`: the height of all lines, in sizes of the letters
   * @param {number} lines of each column
   */
  constructor(screen, lines) {
    this.#screen = screen;
    this.#lines = lines;
  }

  /**
   * @param {HTMLElement} column gets `--row`, the height of a line, and `--bar`, what is missing to it above and below
   * @param {string} lang
   * @param {string} letters such as the language's own name
   * @returns {boolean} whether the column did not know this language
   */
  expect(column, lang, letters) {
    const samples = this.#samples.get(column) ?? new Map();
    this.#samples.set(column, samples);
    if (samples.has(lang)) return false;
    samples.set(lang, letters);
    return true;
  }

  /** To be called when sizes, pixels or languages change. @returns {boolean} whether any line is now higher or lower */
  fit() {
    const columns = [...this.#samples.keys()];
    const leadings = columns.map((column) => Math.max(LEADING, this.#measure(column, SAMPLE_PX).least / SAMPLE_PX));
    const ems = this.#lines * leadings.reduce((sum, leading) => sum + leading, 0);
    this.#screen.style.setProperty('--ems', String(ems));
    const size = Number.parseFloat(getComputedStyle(this.#screen).fontSize);
    let changed = false;
    for (const column of columns) {
      const { box, least } = this.#measure(column, size);
      // As much above as below, so that no letter stands between two pixels.
      const bar = Math.max(pixels((least - box) / 2, Math.ceil), pixels((LEADING * size - box) / 2, Math.round));
      const row = `${pixels(box, Math.ceil) + 2 * bar}px`;
      changed ||= row !== column.style.getPropertyValue('--row');
      column.style.setProperty('--row', row);
      column.style.setProperty('--bar', `${bar}px`);
    }
    return changed;
  }

  /** @param {HTMLElement} column @param {number} size of the letters, in CSS pixels @returns {Letters} */
  #measure(column, size) {
    const all = [...(this.#samples.get(column) ?? [])].map(([lang, letters]) => measure(column, size, lang, letters));
    return { box: Math.max(...all.map(({ box }) => box)), least: Math.max(...all.map(({ least }) => least)) };
  }
}

/** @param {number} length in CSS pixels @param {(pixels: number) => number} whole @returns {number} whole pixels of the screen */
function pixels(length, whole) {
  return whole(length * devicePixelRatio - SLACK_PX) / devicePixelRatio;
}

/**
 * The browser puts a line where its own font wants it; letters that this font lacks come from others, which may need
 * more room above or below.
 * @param {HTMLElement} column
 * @param {number} size
 * @param {string} lang
 * @param {string} letters
 * @returns {Letters}
 */
function measure(column, size, lang, letters) {
  const own = element('span', '', ['x']);
  const mark = element('span', 'line-mark');
  const line = element('p', 'line-sample', [own, mark, letters]);
  line.lang = lang;
  line.style.fontSize = `${size}px`;
  column.append(line);
  const baseline = mark.getBoundingClientRect().bottom;
  const whole = line.getBoundingClientRect();
  const box = own.getBoundingClientRect();
  line.remove();
  const offset = (box.bottom - baseline) - (baseline - box.top); // how far the baseline is above the middle, twice
  const least = Math.max(box.height, 2 * (baseline - whole.top) + offset, 2 * (whole.bottom - baseline) - offset);
  return { box: box.height, least };
}
