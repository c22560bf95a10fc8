/** The level meter: a bar, and the same in one word. */

import { LevelTracker } from '../audio/level.js';

/** The word changes at most so often, for eyes and for screen readers. */
const WORD_MS = 700;

export class MeterView {
  #meter;
  #word;
  #say;
  #tracker = new LevelTracker();
  #worded_ms = 0;
  #on = false;

  /** @param {HTMLMeterElement} meter @param {HTMLElement} word @param {(key: string) => string} say */
  constructor(meter, word, say) {
    this.#meter = meter;
    this.#word = word;
    this.#say = say;
  }

  /** @param {Int16Array} samples one frame */
  add(samples) {
    this.#on = true;
    this.#tracker.add(samples);
    this.#meter.value = this.#tracker.fraction;
    const now_ms = performance.now();
    if (now_ms - this.#worded_ms < WORD_MS) return;
    this.#worded_ms = now_ms;
    this.refresh();
  }

  /** Nothing is captured. */
  off() {
    this.#on = false;
    this.#tracker = new LevelTracker();
    this.#meter.value = 0;
    this.#worded_ms = 0;
    this.refresh();
  }

  /** Writes the word anew. */
  refresh() {
    const text = this.#say(`level_${this.#on ? this.#tracker.word : 'off'}`);
    if (this.#word.textContent !== text) this.#word.textContent = text;
    this.#meter.setAttribute('aria-valuetext', text);
  }
}
