/** Committed text, kept back until it makes a sentence. No DOM. */

export class SentenceBuffer {
  #pending = '';

  /**
   * @param {string} append
   * @param {boolean} final
   * @returns {string} what to say now, whole sentences or the end of a segment; empty: nothing yet
   */
  add(append, final) {
    this.#pending += append;
    const end = final ? this.#pending.length : lastSentenceEnd(this.#pending);
    const ready = this.#pending.slice(0, end).trim();
    this.#pending = this.#pending.slice(end);
    return ready;
  }
}

/** @param {string} text */
function lastSentenceEnd(text) {
  let end = 0;
  for (const match of text.matchAll(/[.!?…]["»”’)]*(?=\s|$)|[。！？]/gu)) end = match.index + match[0].length;
  return end;
}
