/** A reader's side of a room: stays while speakers come and go, and comes back after every drop. No DOM. */

import { Connection } from './connection.js';
import { PaintClock } from './paint-clock.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {{targets: string[], mode: 'fast' | 'calm'}} Reading */

/**
 * @typedef {object} ListeningHandlers
 * @property {(hello: Message, fresh: boolean, again: boolean) => void} opened
 * @property {(message: Message) => void} message everything but pong
 * @property {(state: import('./connection.js').ConnectionState, delay_ms: number) => void} state
 * @property {(problem: import('./problems.js').Problem | null) => void} closed
 * @property {(problem: import('./problems.js').Problem) => void} [refused] see `Connection`
 */

export class Listening {
  #entry;
  #reading;
  #handlers;
  #connection;
  #clock;

  /**
   * @param {string} url
   * @param {import('./speaker-session.js').Entry} entry
   * @param {Reading} reading
   * @param {ListeningHandlers} handlers
   * @param {{patient?: boolean}} [manner]
   * @param {import('./connection.js').Surroundings} [around]
   */
  constructor(url, entry, reading, handlers, { patient = false } = {}, around) {
    this.#entry = entry;
    this.#reading = reading;
    this.#handlers = handlers;
    const wiring = {
      hello: () => ({
        versions: ['v1'], role: 'listener', ...this.#entry, ...this.#reading, capabilities: ['painted', 'resume'],
      }),
      opened: this.#opened.bind(this),
      message: this.#message.bind(this),
      pinged: () => {},
      state: handlers.state,
      closed: handlers.closed,
      refused: handlers.refused,
    };
    this.#connection = new Connection(url, wiring, { stays: true, patient }, around);
    this.#clock = new PaintClock(this.#connection);
  }

  /** @param {{session: string, resume: string, last_seq: number}} [seat] of an earlier page */
  open(seat) {
    if (seat) this.#connection.seat = seat;
    this.#connection.open();
  }

  get clock() {
    return this.#clock;
  }

  /** See `Connection.seat`. */
  get seat() {
    return this.#connection.seat;
  }

  /** @param {Partial<Reading>} change */
  set(change) {
    this.#reading = { ...this.#reading, ...change };
    this.#connection.send('set', change);
  }

  /** The network may be back, or the device awake again. */
  nudge() {
    this.#connection.nudge();
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

/** Tries again at once when the network or the reader comes back. @param {() => void} nudge */
export function nudgeOnReturn(nudge) {
  addEventListener('online', nudge);
  addEventListener('pageshow', ({ persisted }) => persisted && nudge()); // back from the browser's memory
  document.addEventListener('visibilitychange', () => document.hidden || nudge());
}
