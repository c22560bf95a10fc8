/** Passing notices in words, one of each topic. */

/** @typedef {import('../strings/i18n.js').Words} Words */

export class NoticeView {
  #element;
  #words;
  /** @type {Map<string, (words: Words) => string>} what is said, by topic, in the order in which it came */
  #notes = new Map();
  /** @type {Map<string, any>} timers that take notes away */
  #timers = new Map();

  /** @param {HTMLElement} element hidden while there is nothing to say @param {Words} words */
  constructor(element, words) {
    this.#element = element;
    this.#words = words;
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#say();
  }

  /**
   * One notice of each topic is shown, those of other topics beside it.
   * @param {string} topic
   * @param {(words: Words) => string} say empty: takes the topic's notice away
   * @param {number} [lasts_ms] how long it is shown; none: until it is taken away
   */
  note(topic, say, lasts_ms) {
    clearTimeout(this.#timers.get(topic));
    this.#notes.delete(topic);
    if (say(this.#words) !== '') this.#notes.set(topic, say);
    if (lasts_ms) this.#timers.set(topic, setTimeout(() => this.note(topic, () => ''), lasts_ms));
    this.#say();
  }

  #say() {
    const text = [...this.#notes.values()].map((say) => say(this.#words)).join('\n');
    const element = this.#element;
    if (element.textContent !== text) element.textContent = text; // the same again would be read aloud again
    element.hidden = text === '';
  }
}
