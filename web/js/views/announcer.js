/** Reads committed sentences to screen readers; tails never. */

import { SentenceBuffer } from '../captions/sentence-buffer.js';

const KEPT = 30;

export class Announcer {
  #log;
  /** @type {Map<string, SentenceBuffer>} */
  #buffers = new Map();
  #column = '';

  /** @param {HTMLElement} log a polite live region */
  constructor(log) {
    this.#log = log;
  }

  /** One language is read, for two at once are noise. @param {string} column */
  setColumn(column) {
    if (column === this.#column) return;
    this.#column = column;
    this.#buffers.clear(); // half a sentence of another language is no beginning
  }

  /** @param {import('../captions/caption-model.js').Change} change */
  add(change) {
    if (change.column !== this.#column) return;
    const buffer = this.#buffers.get(change.row) ?? new SentenceBuffer();
    this.#buffers.set(change.row, buffer);
    const ready = buffer.add(change.append, change.final);
    if (change.final) this.#buffers.delete(change.row);
    if (!ready) return;
    const line = document.createElement('p');
    line.lang = change.lang;
    line.textContent = ready;
    this.#log.append(line);
    while (this.#log.childElementCount > KEPT) this.#log.firstElementChild?.remove();
  }
}
