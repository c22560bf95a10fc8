/** Connection state, problems and passing notices, in words. */

import { byId } from './elements.js';
import { NoticeView } from './notice-view.js';

/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {import('../wire/problems.js').Problem} Problem */
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

/** @param {import('../wire/connection.js').ConnectionState} state @returns {string} `state_KEY` for pages that come back unasked */
export function stateKey(state) {
  return state === 'waiting' ? 'returning' : state;
}

export class StatusView {
  #parts;
  #words;
  /** @type {() => void} */
  #sayState = () => {};
  /** @type {Problem | null} */
  #problem = null;
  #notices;

  /** The view of a page that has all the parts under their usual ids. @param {Words} words */
  static ofPage(words) {
    const parts = {
      state: byId('state'),
      stateText: byId('state-text'),
      problem: byId('problem'),
      problemTitle: byId('problem-title'),
      problemDo: byId('problem-do'),
      problemDetail: byId('problem-detail'),
      problemClose: byId('problem-close'),
      notice: byId('notice'),
    };
    return new StatusView(parts, words);
  }

  /** @param {StatusParts} parts @param {Words} words */
  constructor(parts, words) {
    this.#parts = parts;
    this.#words = words;
    this.#notices = new NoticeView(parts.notice, words);
    parts.problemClose.addEventListener('click', () => this.clearProblem());
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#sayState();
    this.#sayProblem();
    this.#notices.setWords(words);
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

  /** See {@link NoticeView.note}. @param {string} topic @param {(words: Words) => string} say @param {number} [lasts_ms] */
  note(topic, say, lasts_ms) {
    this.#notices.note(topic, say, lasts_ms);
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
}
