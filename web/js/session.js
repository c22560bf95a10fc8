/** A speaker's session: audio up, text down, over a connection that may drop and come back. No DOM. */

import { Backlog } from './backlog.js';
import { ClockMap } from './clock.js';
import { Connection } from './connection.js';
import { encodeAudioFrame } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./framer.js').AudioFrame} AudioFrame */
/** @typedef {{source: string, targets: string[], mode: 'fast' | 'calm'}} Choice */

/**
 * @typedef {object} SessionHandlers
 * @property {(hello: Message, fresh: boolean) => void} opened
 * @property {(message: Message) => void} message transcript, translation, speech, lag, notice
 * @property {(state: import('./connection.js').ConnectionState, delay_ms: number) => void} state
 * @property {(problem: import('./problems.js').Problem | null) => void} closed
 */

/** Above this the network is slower than the speech: frames wait here, where they are counted and bounded. */
const QUEUED_BYTES = 64 * 1024;
/** After `end`, how long the server may take for its last words. */
const FINISH_MS = 30_000;

export class SpeakerSession {
  #choice;
  #handlers;
  #backlog = new Backlog();
  #clock = new ClockMap();
  /** @type {Map<number, number>} ping time -> end of the audio that went before it */
  #pinged = new Map();
  #connection;
  #stream = 0;
  #ending = false;
  #endSent = false;

  /**
   * @param {string} url
   * @param {Choice} choice
   * @param {SessionHandlers} handlers
   * @param {import('./connection.js').Surroundings} [around]
   */
  constructor(url, choice, handlers, around) {
    this.#choice = choice;
    this.#handlers = handlers;
    const wiring = {
      hello: () => this.#hello(),
      opened: (/** @type {Message} */ hello, /** @type {boolean} */ fresh) => this.#opened(hello, fresh),
      message: (/** @type {Message} */ message) => this.#message(message),
      pinged: (/** @type {number} */ client_ms) => this.#pinged.set(client_ms, this.#backlog.sentEnd),
      state: handlers.state,
      closed: handlers.closed,
    };
    this.#connection = new Connection(url, wiring, around);
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

  /** @param {{targets?: string[], mode?: 'fast' | 'calm'}} change */
  set(change) {
    this.#choice = { ...this.#choice, ...change };
    this.#connection.send('set', change);
  }

  /** Names the present connection: message numbers mean nothing on another one. */
  get stream() {
    return this.#stream;
  }

  /**
   * @param {number} stream the connection that brought the event
   * @param {number} event_seq of the text event that is now on the screen
   * @param {number} local_ms when it was painted, on this page's clock
   * @returns {number | null} the same on the session clock; `null`: not known yet, nothing was reported
   */
  painted(stream, event_seq, local_ms) {
    if (stream !== this.#stream) return null;
    const painted_ms = this.#clock.toServer(local_ms);
    if (painted_ms !== null) this.#connection.send('painted', { event_seq, painted_ms });
    return painted_ms;
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
    const { source, targets, mode } = this.#choice;
    return { versions: ['v1'], role: 'speaker', room: 'main', source, targets, mode, capabilities: ['painted', 'resume'] };
  }

  /** @param {Message} hello @param {boolean} fresh */
  #opened(hello, fresh) {
    this.#stream += 1;
    this.#pinged.clear();
    this.#endSent = false;
    if (fresh) this.#backlog.restart();
    else this.#backlog.resume(hello.position ?? 0);
    if (fresh) this.#clock.reset();
    this.#handlers.opened(hello, fresh);
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
      this.#clock.add(message.client_ms, message.server_ms, performance.now());
      const arrived = this.#pinged.get(message.client_ms);
      this.#pinged.delete(message.client_ms);
      if (arrived !== undefined) this.#backlog.confirm(arrived);
    } else this.#handlers.message(message);
  }
}
