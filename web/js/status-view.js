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
  #shown = '';

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
  showProblem({ key, detail }) {
    const { problem, problemTitle, problemDo, problemDetail } = this.#parts;
    this.#shown = key;
    problemTitle.textContent = this.#words.say(`problem.${key}`);
    problemDo.textContent = this.#words.say(`problem.${key}.do`);
    problemDetail.textContent = detail;
    problemDetail.hidden = detail === '';
    problem.hidden = false;
    problem.scrollIntoView({ block: 'nearest' });
  }

  /** @param {string} [key] only if this one is shown */
  clearProblem(key) {
    if (key === undefined || key === this.#shown) this.#parts.problem.hidden = true;
  }

  /** @param {string} text empty: takes the notice away */
  notify(text) {
    this.#parts.notice.textContent = text;
    this.#parts.notice.hidden = text === '';
  }
}
