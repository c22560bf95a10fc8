/** Connection state, problems and passing notices, in words. */

/** @typedef {import('./i18n.js').Words} Words */
/** @typedef {import('./problems.js').Problem} Problem */
/**
 * @typedef {object} StatusParts
 * @property {HTMLElement} state
 * @property {HTMLElement} stateText
 * @property {HTMLElement} problem
 * @property {HTMLElement} problemTitle
 * @property {HTMLElement} problemDo
 * @property {HTMLElement} problemDetail
 * @property {HTMLElement} problemClose
 * @property {HTMLElement} notice
 */

export class StatusView {
  #parts;
  #words;
  /** @type {() => void} */
  #sayState = () => {};
  /** @type {Problem | null} */
  #problem = null;
  /** @type {Map<string, (words: Words) => string>} what is said, by topic, in the order in which it came */
  #notes = new Map();
  /** @type {Map<string, number>} timers that take notes away */
  #timers = new Map();

  /** @param {StatusParts} parts @param {Words} words */
  constructor(parts, words) {
    this.#parts = parts;
    this.#words = words;
    parts.problemClose.addEventListener('click', () => this.clearProblem());
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#sayState();
    this.#sayProblem();
    this.#sayNotes();
  }

  /** @param {string} key `state_KEY` of the string table @param {Record<string, string | number>} [places] */
  setState(key, places) {
    this.#parts.state.dataset.state = key;
    this.#sayState = () => {
      this.#parts.stateText.textContent = this.#words.say(`state_${key}`, places);
    };
    this.#sayState();
  }

  /** Shows what is wrong and what to do; stays until dismissed or cleared. @param {Problem} problem */
  showProblem(problem) {
    this.#problem = problem;
    this.#sayProblem();
    this.#parts.problem.hidden = false;
    this.#parts.problem.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} [key] only if this one is shown */
  clearProblem(key) {
    if (key !== undefined && key !== this.#problem?.key) return;
    this.#problem = null;
    this.#parts.problem.hidden = true;
  }

  /** One notice of no topic. @param {string} text empty: takes the notice away */
  notify(text) {
    this.note('', () => text);
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
    this.#sayNotes();
  }

  #sayProblem() {
    if (!this.#problem) return;
    const { key, detail } = this.#problem;
    const { problemTitle, problemDo, problemDetail } = this.#parts;
    problemTitle.textContent = this.#words.say(`problem.${key}`);
    problemDo.textContent = this.#words.say(`problem.${key}.do`);
    problemDetail.textContent = detail;
    problemDetail.hidden = detail === '';
  }

  #sayNotes() {
    const text = [...this.#notes.values()].map((say) => say(this.#words)).join('\n');
    const { notice } = this.#parts;
    if (notice.textContent !== text) notice.textContent = text; // the same again would be read aloud again
    notice.hidden = text === '';
  }
}
