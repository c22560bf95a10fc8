/** Who listens: on the operator's cards, and on the speaker's page. */

/** @typedef {import('../strings/i18n.js').Words} Words */

/**
 * @param {Record<string, number>} listeners by language; under the empty name those who read only what is spoken
 * @param {Words} words
 * @returns {string[]} such as "English 3"; empty: nobody reads
 */
export function listenerCounts(listeners, words) {
  const name = (/** @type {string} */ code) => (code ? words.languageName(code) : words.say('as_spoken'));
  return Object.entries(listeners).map(([code, count]) => `${name(code)} ${count.toLocaleString(words.language)}`);
}

/** One line for whoever speaks. No live region: people come and go while somebody talks. */
export class AudienceView {
  #line;
  #words;
  /** @type {Record<string, number> | null} */
  #listeners = null;
  #expected = false;

  /** @param {HTMLElement} line @param {Words} words */
  constructor(line, words) {
    this.#line = line;
    this.#words = words;
  }

  /** Another talk; who reads is told soon. @param {boolean} expected others can come, so that nobody is worth saying */
  reset(expected) {
    this.#expected = expected;
    this.#listeners = null;
    this.#draw();
  }

  /** @param {Record<string, number>} listeners */
  show(listeners) {
    this.#listeners = listeners;
    this.#draw();
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#draw();
  }

  #draw() {
    const words = this.#words;
    const counts = this.#listeners ? listenerCounts(this.#listeners, words) : [];
    const nobody = this.#listeners && this.#expected ? words.say('listeners_none') : '';
    const text = counts.length > 0 ? `${words.say('listeners')} ${counts.join(' · ')}` : nobody;
    this.#line.textContent = text;
    this.#line.hidden = text === '';
  }
}
