/** Maps this page's clock to the server's session clock. */

const KEPT = 32;

/**
 * Cristian's algorithm: of the latest exchanges the one with the shortest round trip had the least queueing, so half
 * of its round trip is the best guess of the way back. The error is at most half of that round trip.
 */
export class ClockMap {
  /** @type {{rtt_ms: number, offset_ms: number}[]} */
  #exchanges = [];

  /**
   * @param {number} sent_ms local time at which the ping left
   * @param {number} server_ms the server's clock in the pong
   * @param {number} received_ms local time at which the pong came
   */
  add(sent_ms, server_ms, received_ms) {
    if (!(received_ms >= sent_ms)) return;
    this.#exchanges.push({ rtt_ms: received_ms - sent_ms, offset_ms: server_ms - (sent_ms + received_ms) / 2 });
    if (this.#exchanges.length > KEPT) this.#exchanges.shift();
  }

  /** Forgets everything: another session has another clock. */
  reset() {
    this.#exchanges = [];
  }

  get #best() {
    return this.#exchanges.reduce((best, one) => (best && best.rtt_ms <= one.rtt_ms ? best : one), this.#exchanges[0]);
  }

  /** Shortest round trip among the latest exchanges, in milliseconds; `null` before the first. */
  get rtt_ms() {
    return this.#best?.rtt_ms ?? null;
  }

  /**
   * @param {number} local_ms
   * @returns {number | null} the same moment on the server's session clock; `null` before the first pong
   */
  toServer(local_ms) {
    const best = this.#best;
    return best ? local_ms + best.offset_ms : null;
  }
}
