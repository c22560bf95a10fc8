/** A listener's side of a room: stays while speakers come and go, and comes back after every drop. No DOM. */

import { Connection } from './connection.js';
import { PaintClock } from './paint-clock.js';
import { ROLE, helloOf } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {{targets: string[], mode: import('./protocol.js').Mode}} ListenerChoice */

/**
 * @typedef {object} ListenerSessionHandlers
 * @property {(hello: Message, fresh: boolean, again: boolean) => void} opened
 * @property {(message: Message) => void} message everything but pong
 * @property {(state: import('./connection.js').ConnectionState, delay_ms: number) => void} state
 * @property {(problem: import('./problems.js').Problem | null) => void} closed
 * @property {(problem: import('./problems.js').Problem) => void} [refused] see `Connection`
 */

export class ListenerSession {
  #credentials;
  #choice;
  #handlers;
  #connection;
  #clock;

  /**
   * @param {string} url
   * @param {import('./speaker-session.js').Credentials} credentials
   * @param {ListenerChoice} choice
   * @param {ListenerSessionHandlers} handlers
   * @param {{retryRefused?: boolean}} [options]
   * @param {import('./environment.js').Environment} [environment]
   */
  constructor(url, credentials, choice, handlers, { retryRefused = false } = {}, environment) {
    this.#credentials = credentials;
    this.#choice = choice;
    this.#handlers = handlers;
    const wiring = {
      hello: () =>
        helloOf(ROLE.LISTENER, { ...this.#credentials, ...this.#choice, capabilities: ['painted', 'resume'] }),
      opened: this.#opened.bind(this),
      message: this.#message.bind(this),
      pinged: () => {},
      state: handlers.state,
      closed: handlers.closed,
      refused: handlers.refused,
    };
    this.#connection = new Connection(url, wiring, { stays: true, retryRefused }, environment);
    this.#clock = new PaintClock(this.#connection);
  }

  /** @param {{session: string, resume: string, last_seq: number}} [resumePoint] of an earlier page */
  open(resumePoint) {
    if (resumePoint) this.#connection.resumePoint = resumePoint;
    this.#connection.open();
  }

  get clock() {
    return this.#clock;
  }

  /** See `Connection.resumePoint`. */
  get resumePoint() {
    return this.#connection.resumePoint;
  }

  /** @param {Partial<ListenerChoice>} change */
  set(change) {
    this.#choice = { ...this.#choice, ...change };
    this.#connection.send('set', change);
  }

  /** The network may be back, or the device awake again. */
  retryNow() {
    this.#connection.retryNow();
  }

  close() {
    this.#connection.close();
  }

  /** @param {Message} hello @param {boolean} fresh @param {boolean} again */
  #opened(hello, fresh, again) {
    this.#clock.opened(hello, fresh, again);
    this.#handlers.opened(hello, fresh, again);
  }

  /** @param {Message} message */
  #message(message) {
    if (message.type === 'pong') this.#clock.pong(message, performance.now());
    else this.#handlers.message(message);
  }
}
