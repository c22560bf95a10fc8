/** Audio that the server has not confirmed yet, so that a short drop of the network loses nothing that was said. */

import { RATE_HZ } from './protocol.js';

/** @typedef {import('./protocol.js').AudioFrame} AudioFrame */

/** Longest stretch kept, in samples (2 MB). */
const KEPT = 60 * RATE_HZ;
/** The protocol fills gaps up to 60 s with silence and refuses longer ones; longer ones are shortened to this. */
const LONGEST_GAP = 50 * RATE_HZ;

/**
 * Frames go in as they are captured, out as the socket takes them, and away when a pong proves their arrival: frames
 * on one WebSocket arrive in order, so a pong confirms everything sent before its ping.
 */
export class Backlog {
  /** @type {AudioFrame[]} positions are those of the wire */
  #frames = [];
  #unsent = 0;
  #shift = 0;
  #end = 0;
  #sentEnd = 0;
  #confirmedEnd = 0;

  /** @param {AudioFrame} frame the next one from the capture */
  push({ position, samples }) {
    this.#frames.push({ position: position + this.#shift, samples });
    this.#end = position + this.#shift + samples.length;
    while (this.#end - this.#frames[0].position > KEPT) {
      this.#frames.shift();
      this.#unsent = Math.max(0, this.#unsent - 1);
    }
  }

  /** The next frame to send, or `undefined`. */
  take() {
    const frame = this.#frames[this.#unsent];
    if (!frame) return undefined;
    this.#unsent += 1;
    this.#sentEnd = frame.position + frame.samples.length;
    return frame;
  }

  /** Position just past the last frame taken. */
  get sentEnd() {
    return this.#sentEnd;
  }

  /** Frames waiting to be sent. */
  get waiting() {
    return this.#frames.length - this.#unsent;
  }

  /** @param {number} position everything before it has arrived */
  confirm(position) {
    this.#confirmedEnd = Math.max(this.#confirmedEnd, position);
    while (this.#unsent > 0 && this.#frames[0].position + this.#frames[0].samples.length <= position) {
      this.#frames.shift();
      this.#unsent -= 1;
    }
  }

  /**
   * The same session goes on over a new socket: whatever did not arrive is sent again.
   * @param {number} position what the server expects next; 0: it did not say
   */
  resume(position) {
    this.confirm(position);
    this.#unsent = 0;
    const gap = (this.#frames[0]?.position ?? 0) - this.#confirmedEnd;
    if (gap > LONGEST_GAP) this.#move(RATE_HZ - gap);
  }

  /** Another session: what was not confirmed becomes the beginning of its stream. */
  restart() {
    this.#unsent = 0;
    this.#move(-(this.#frames[0]?.position ?? this.#end));
    this.#sentEnd = 0;
    this.#confirmedEnd = 0;
  }

  /** @param {number} by samples */
  #move(by) {
    this.#shift += by;
    this.#end += by;
    this.#frames = this.#frames.map(({ position, samples }) => ({ position: position + by, samples }));
  }
}
