/** Texts on their way from one connection to the screen: model, view, and subscribers. */

import { SPOKEN } from '../captions/caption-model.js';
import { reportPaint } from './paint-report.js';

/** @typedef {import('../wire/protocol.js').Message} Message */
/** @typedef {import('../captions/caption-model.js').Change} Change */
/** @typedef {{add: (change: Change) => void}} Subscriber */

/**
 * @typedef {object} PresenterHooks
 * @property {(lang: string) => void} [heard] the spoken language is another one than before
 * @property {(column: string, marks: import('../wire/protocol.js').Marks) => void} [painted] a text is on the screen; `painted` among the marks
 */

export class CaptionsPresenter {
  #model;
  #view;
  #subscribers;
  #hooks;
  #heard = '';
  #session = '';
  /** @type {Set<string>} cells that subscribers are told of, not final yet */
  #published = new Set();
  /** @type {Map<string, number>} by column, the newest row that they were told of */
  #newest = new Map();

  /**
   * @param {import('../captions/caption-model.js').CaptionModel} model
   * @param {{show: (change: Change) => boolean, showAll: (changes: Change[]) => void}} view
   * @param {Subscriber[]} [subscribers] are told of new texts, not of old ones that come late
   * @param {PresenterHooks} [hooks]
   */
  constructor(model, view, subscribers = [], hooks = {}) {
    this.#model = model;
    this.#view = view;
    this.#subscribers = subscribers;
    this.#hooks = hooks;
  }

  /** Language of the latest transcript; empty before the first. */
  get heard() {
    return this.#heard;
  }

  /** @param {Message} hello */
  enter(hello) {
    this.#model.enter(hello);
    // The wall clock may be set while a session runs; the session's own is not.
    if (hello.session && hello.session === this.#session) return;
    this.#session = hello.session ?? '';
    this.#model.setZero(Date.now() - hello.t_ms);
  }

  /** @param {Message} message any @param {import('../wire/paint-clock.js').PaintClock} clock @returns {boolean} whether it held texts */
  take(message, clock) {
    if (message.type === 'snapshot') this.showAll(this.#model.applySnapshot(message));
    else if (message.type === 'transcript' || message.type === 'translation') this.#text(message, clock);
    else return false;
    return true;
  }

  /** Texts from before. @param {Change[]} changes */
  showAll(changes) {
    this.#view.showAll(changes);
    const spoken = changes.findLast(({ column }) => column === SPOKEN);
    if (spoken) this.#hear(spoken.lang);
  }

  /** @param {Message} message @param {import('../wire/paint-clock.js').PaintClock} clock */
  #text(message, clock) {
    const changes = this.#model.apply(message);
    if (changes.length === 0) return;
    if (message.type === 'transcript') this.#hear(message.lang);
    let shown = false;
    for (const change of changes) {
      if (change.broken) console.warn(`the server took committed text back in row ${change.row}`);
      shown = this.#view.show(change) || shown;
      if (this.#isNews(change)) for (const subscriber of this.#subscribers) subscriber.add(change);
    }
    if (!shown) return; // what is read in another language is on no screen
    const [{ column }] = changes;
    reportPaint(clock, message, (painted) => this.#hooks.painted?.(column, { ...message.marks, painted }));
  }

  /**
   * Translations of what was said long ago come late where a reader changes languages: nobody wants them said.
   * @param {Change} change
   */
  #isNews({ row, column, order, final }) {
    const cell = `${row}/${column}`;
    if (!this.#published.has(cell)) {
      if (order < (this.#newest.get(column) ?? -Infinity)) return false;
      this.#newest.set(column, order);
      this.#published.add(cell);
    }
    if (final) this.#published.delete(cell);
    return true;
  }

  /** @param {string} lang */
  #hear(lang) {
    if (lang === this.#heard) return;
    this.#heard = lang;
    this.#hooks.heard?.(lang);
  }
}
