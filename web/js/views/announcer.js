/** Reads committed sentences to screen readers; tails never. */

import { SentenceGatherer } from '../captions/sentences.js';

const KEPT = 30;

export class Announcer {
  #log;
  /** @type {Map<string, SentenceGatherer>} */
  #gatherers = new Map();
  #column = '';

  /** @param {HTMLElement} log a polite live region */
  constructor(log) {
    this.#log = log;
  }

  /** One language is read, for two at once are noise. @param {string} column */
  setColumn(column) {
    if (column === this.#column) return;
    this.#column = column;
    this.#gatherers.clear(); // half a sentence of another language is no beginning
  }

  /** @param {import('../captions/caption-model.js').Change} change */
  add(change) {
    if (change.column !== this.#column) return;
    const gatherer = this.#gatherers.get(change.row) ?? new SentenceGatherer();
    this.#gatherers.set(change.row, gatherer);
    const ready = gatherer.add(change.append, change.final);
    if (change.final) this.#gatherers.delete(change.row);
    if (!ready) return;
    const line = document.createElement('p');
    line.lang = change.lang;
    line.textContent = ready;
    this.#log.append(line);
    while (this.#log.childElementCount > KEPT) this.#log.firstElementChild?.remove();
  }
}
