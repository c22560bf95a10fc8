/** When captions are painted, on the server's clock. No DOM. */

import { ClockMap } from './clock.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./connection.js').Connection} Connection */

export class PaintClock {
  #connection;
  #clock = new ClockMap();
  #stream = 0;
  #wanted = false;

  /** @param {Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** Shortest round trip of late, in milliseconds. */
  get rtt_ms() {
    return this.#clock.rtt_ms;
  }

  /** Names the present connection: message numbers mean nothing on another one. */
  get stream() {
    return this.#stream;
  }

  /**
   * @param {Message} hello
   * @param {boolean} fresh another session, which has another clock
   * @param {boolean} again another connection, which has other message numbers
   */
  opened({ capabilities }, fresh, again) {
    if (fresh || again) this.#stream += 1;
    if (fresh) this.#clock.reset();
    this.#wanted = capabilities?.includes('painted') ?? false;
  }

  /** @param {Message} pong @param {number} now_ms */
  pong({ client_ms, server_ms }, now_ms) {
    this.#clock.add(client_ms, server_ms, now_ms);
  }

  /**
   * @param {number} stream the connection that brought the event
   * @param {number} event_seq of the text event that is now on the screen
   * @param {number} local_ms when it was painted, on this page's clock
   * @returns {number | null} the same on the session clock; `null`: not known yet; reported only to a server that wants it
   */
  painted(stream, event_seq, local_ms) {
    if (stream !== this.#stream) return null;
    const painted_ms = this.#clock.toServer(local_ms);
    if (painted_ms !== null && this.#wanted) this.#connection.send('painted', { event_seq, painted_ms });
    return painted_ms;
  }
}
