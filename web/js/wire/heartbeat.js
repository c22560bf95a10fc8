/** Detects a dead connection: sends pings, which the other end has to answer. No DOM. */

/** A ping without any message after it for so long: the connection is taken for dead. */
const SILENCE_MS = 20_000;
/** The same where there is reason for doubt: a device that slept has often lost its connection without a word. */
const DOUBT_MS = 4_000;
/** Pings right after the beginning come quickly (the clock mapping needs a few), later ones seldom. */
const PING_MS = [0, 150, 150, 150, 150];
const PING_LATER_MS = 2_000;

/**
 * Silence is counted from a ping, not from the last message: browsers run the timers of a hidden page once a minute,
 * and a page that has asked nothing can expect no answer.
 */
export class Heartbeat {
  #ping;
  #dead;
  #environment;
  /** @type {any} */
  #timer;
  #count = 0;
  /** @type {number | null} when the oldest ping left that nothing has followed; `null`: something has */
  #asked_ms = null;
  #patience_ms = SILENCE_MS;

  /**
   * @param {(client_ms: number) => void} ping sends one
   * @param {() => void} dead told once; no more are sent then
   * @param {import('./environment.js').Environment} environment
   */
  constructor(ping, dead, environment) {
    this.#ping = ping;
    this.#dead = dead;
    this.#environment = environment;
  }

  /** A connection begins, or a session on it, whose clock has to be learned. */
  start() {
    this.#count = 0;
    this.heard();
    this.#next();
  }

  stop() {
    this.#environment.cancel(this.#timer);
  }

  /** A message came, any. */
  heard() {
    this.#asked_ms = null;
    this.#patience_ms = SILENCE_MS;
  }

  /** The network or the device may have been away: looks now, and waits less long. */
  check() {
    this.#patience_ms = DOUBT_MS;
    this.#beat();
  }

  #next() {
    this.stop();
    this.#timer = this.#environment.later(() => this.#beat(), PING_MS[this.#count] ?? PING_LATER_MS);
  }

  #beat() {
    const now_ms = this.#environment.now_ms();
    this.#asked_ms ??= now_ms;
    if (now_ms - this.#asked_ms > this.#patience_ms) {
      this.stop();
      this.#dead();
      return;
    }
    this.#count += 1;
    this.#ping(now_ms);
    this.#next();
  }
}
