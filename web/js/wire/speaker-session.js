/** A speaker's session: audio up, text down, over a connection that may drop and come back. No DOM. */

import { Backlog } from './backlog.js';
import { Connection } from './connection.js';
import { PaintClock } from './paint-clock.js';
import { ROLE, encodeAudioFrame, helloOf } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').AudioFrame} AudioFrame */
/** @typedef {{source: string, allowed_sources?: string[], targets: string[], mode: import('./protocol.js').Mode}} Choice */
/** @typedef {{room: string, token?: string}} Credentials */

/**
 * @typedef {object} SessionHandlers
 * @property {(hello: Message, fresh: boolean, again: boolean) => void} opened
 * @property {(message: Message) => void} message everything but pong
 * @property {(state: import('./connection.js').ConnectionState, delay_ms: number) => void} state
 * @property {(problem: import('./problems.js').Problem | null) => void} closed
 */

/** Above this the network is slower than the speech: frames wait here, where they are counted and bounded. */
const QUEUED_BYTES = 64 * 1024;
/** After `end`, how long the server may take for its last words. */
const FINISH_MS = 30_000;

export class SpeakerSession {
  #credentials;
  #choice;
  #handlers;
  #backlog = new Backlog();
  /** @type {Map<number, number>} ping time -> end of the audio that went before it */
  #pinged = new Map();
  #connection;
  #clock;
  #ending = false;
  #endSent = false;

  /**
   * @param {string} url
   * @param {Credentials} credentials
   * @param {Choice} choice
   * @param {SessionHandlers} handlers
   * @param {import('./environment.js').Environment} [environment]
   */
  constructor(url, credentials, choice, handlers, environment) {
    this.#credentials = credentials;
    this.#choice = choice;
    this.#handlers = handlers;
    const wiring = {
      hello: () => this.#hello(),
      opened: this.#opened.bind(this),
      message: (/** @type {Message} */ message) => this.#message(message),
      pinged: (/** @type {number} */ client_ms) => this.#pinged.set(client_ms, this.#backlog.sentEnd),
      state: handlers.state,
      closed: handlers.closed,
    };
    this.#connection = new Connection(url, wiring, {}, environment);
    this.#clock = new PaintClock(this.#connection);
    this.#connection.open();
  }

  /** The server's clock beside this page's. */
  get clock() {
    return this.#clock;
  }

  /** @param {AudioFrame} frame */
  pushFrame(frame) {
    this.#backlog.push(frame);
    this.#pump();
  }

  /** @param {{source?: string, targets?: string[], mode?: import('./protocol.js').Mode}} change */
  set(change) {
    this.#choice = { ...this.#choice, ...change };
    this.#connection.send('set', change);
  }

  /** The network may be back. */
  retryNow() {
    this.#connection.retryNow();
  }

  /** No more audio: the last words are waited for, then `closed` is called. */
  finish() {
    this.#ending = true;
    if (!this.#connection.live && this.#backlog.sentEnd === 0) this.#connection.close();
    else setTimeout(() => this.#connection.close(), FINISH_MS);
    this.#pump();
  }

  /** Ends at once. */
  abort() {
    this.#connection.close();
  }

  #hello() {
    const capabilities = ['painted', 'resume', 'audience'];
    return helloOf(ROLE.SPEAKER, { ...this.#credentials, ...this.#choice, capabilities });
  }

  /** @param {Message} hello @param {boolean} fresh @param {boolean} again */
  #opened(hello, fresh, again) {
    this.#clock.opened(hello, fresh, again);
    this.#handlers.opened(hello, fresh, again);
    if (!fresh && !again) return; // the spoken language has changed, nothing else
    this.#pinged.clear();
    this.#endSent = false;
    if (fresh) this.#backlog.restart();
    else this.#backlog.resume(hello.position ?? 0);
    queueMicrotask(() => this.#pump());
  }

  #pump() {
    while (this.#connection.live && this.#connection.queuedBytes < QUEUED_BYTES) {
      const frame = this.#backlog.take();
      if (!frame) break;
      this.#connection.sendAudio(encodeAudioFrame(frame.position, frame.samples));
    }
    if (this.#ending) this.#end();
  }

  #end() {
    if (this.#endSent || !this.#connection.live) return;
    if (this.#backlog.waiting > 0) {
      setTimeout(() => this.#pump(), 50); // the socket tells nobody when it has room again
      return;
    }
    this.#endSent = true;
    this.#connection.send('end');
  }

  /** @param {Message} message */
  #message(message) {
    if (message.type === 'pong') {
      this.#clock.pong(message, performance.now());
      const arrived = this.#pinged.get(message.client_ms);
      this.#pinged.delete(message.client_ms);
      if (arrived !== undefined) this.#backlog.confirm(arrived);
    } else this.#handlers.message(message);
  }
}
