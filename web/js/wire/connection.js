/** One WebSocket that comes back by itself: hello, resume, exponential back-off with jitter, ping. */

import { BROWSER } from './environment.js';
import { Heartbeat } from './heartbeat.js';
import { Problem, closeProblem } from './problems.js';
import { CLOSE, Envelope, ProtocolError, SUBPROTOCOL, decodeMessage } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./environment.js').Environment} Environment */
/** @typedef {'connecting' | 'live' | 'waiting' | 'closed'} ConnectionState */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** Browsers wait minutes for a network that answers nothing; here another try is made. */
const ANSWER_MS = 15_000;
/** A try that has lasted so long when the network comes back was made on the one that is gone. */
const STALE_MS = 2_000;
/** With `retryRefused`, how long a refused client waits before it tries again. */
const REFUSED_RETRY_MS = 30_000;
/** `WebSocket.OPEN`; what is above is closing or closed. */
const OPEN = 1;
/** @type {Set<number>} */
const FATAL = new Set([CLOSE.BAD, CLOSE.NOT_ALLOWED, CLOSE.MISSING]);
/** Refusals that mean "somebody else has it": final at first, but a session that had begun waits until there is room. */
/** @type {Set<number>} */
const TAKEN = new Set([CLOSE.BUSY, CLOSE.ROOM_TAKEN]);

/**
 * "Equal jitter": half of the exponential delay is fixed, half random, so that a room full of clients does not come
 * back in step.
 * @param {number} attempt 0 for the first try
 * @param {number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoffMs(attempt, random) {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}

/**
 * @typedef {object} Handlers
 * @property {() => Record<string, unknown>} hello fields of the hello, without `resume` and `last_seq`
 * @property {(hello: Message, fresh: boolean, again: boolean) => void} opened `fresh`: another session than the one
 *   before; `again`: over another socket than before
 * @property {(message: Message) => void} message every other message
 * @property {(client_ms: number) => void} pinged a ping left
 * @property {(state: ConnectionState, delay_ms: number) => void} state
 * @property {(problem: Problem | null) => void} closed for good; `null`: the stream ended as it should
 * @property {(problem: Problem) => void} [refused] with `retryRefused`: instead of `closed`, before it waits to try again
 *
 * @typedef {object} ConnectionOptions
 * @property {boolean} [stays] the end of a stream is not the end of the connection: another speaker may follow
 * @property {boolean} [retryRefused] comes back after every refusal: nobody is there to press a button
 */

export class Connection {
  #url;
  #handlers;
  #environment;
  /** @type {WebSocket | null} */
  #socket = null;
  #envelope = new Envelope();
  #live = false;
  #attempt = 0;
  #session = '';
  #resume = '';
  #lastSeq = 0;
  #heartbeat;
  #opened_ms = 0;
  /** @type {any} */
  #answerTimer;
  /** @type {any} */
  #retryTimer;
  #done = false;
  #refusal = '';
  #retryAfter_ms = 0;
  #ended = false;
  #asked = false;
  #options;

  /** @param {string} url @param {Handlers} handlers @param {ConnectionOptions} [options] @param {Environment} [environment] */
  constructor(url, handlers, options = {}, environment = BROWSER) {
    this.#url = url;
    this.#handlers = handlers;
    this.#options = options;
    this.#environment = environment;
    this.#heartbeat = new Heartbeat((client_ms) => this.#ping(client_ms), () => this.#abandon(), environment);
  }

  /** Connects; every later try is made without being asked. */
  open() {
    this.#retryTimer = undefined;
    this.#handlers.state('connecting', 0);
    const socket = this.#environment.open(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#envelope = new Envelope();
    this.#refusal = '';
    this.#retryAfter_ms = 0;
    socket.onopen = () => this.#sendHello();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#opened_ms = this.#environment.now_ms();
    this.#answerTimer = this.#environment.later(() => this.#abandon(), ANSWER_MS);
  }

  /** True between the server's hello and the end of the socket. */
  get live() {
    return this.#live;
  }

  /** Bytes that the socket has not handed to the network yet. */
  get queuedBytes() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** @param {string} type @param {Record<string, unknown>} [fields] dropped while the connection is down */
  send(type, fields = {}) {
    this.#asked ||= type === 'end';
    if (this.#takes) this.#socket?.send(this.#envelope.wrap(type, fields, this.#environment.now_ms()));
  }

  /** A socket that is closing is live until it is closed, and takes nothing any more. */
  get #takes() {
    return this.#live && !((this.#socket?.readyState ?? OPEN) > OPEN);
  }

  /** @param {ArrayBuffer} frame */
  sendAudio(frame) {
    if (this.#takes) this.#socket?.send(frame);
  }

  /** The network may be back, or the device awake again: does not wait for the next try, or looks whether it lives. */
  retryNow() {
    if (this.#done) return;
    if (this.#live) this.#heartbeat.check();
    else if (this.#retryTimer !== undefined) this.#again();
    else if (this.#socket && this.#environment.now_ms() - this.#opened_ms > STALE_MS) {
      this.#drop();
      this.#again();
    }
  }

  /**
   * What a page that is loaded anew needs to go on where it was.
   * @returns {{session: string, resume: string, last_seq: number}}
   */
  get resumePoint() {
    return { session: this.#session, resume: this.#resume, last_seq: this.#lastSeq };
  }

  /** @param {{session: string, resume: string, last_seq: number}} resumePoint of an earlier page, before `open` */
  set resumePoint({ session, resume, last_seq }) {
    this.#session = session;
    this.#resume = resume;
    this.#lastSeq = last_seq;
  }

  /** Gives up without waiting for what is under way. */
  close() {
    this.#finish(null);
    this.#socket?.close(CLOSE.DONE);
  }

  #sendHello() {
    const resume = this.#resume ? { resume: this.#resume, last_seq: this.#lastSeq } : {};
    const fields = { ...this.#handlers.hello(), ...resume };
    this.#socket?.send(this.#envelope.wrap('hello', fields, this.#environment.now_ms()));
  }

  /** @param {unknown} data */
  #receive(data) {
    if (typeof data !== 'string' || this.#done) return;
    this.#heartbeat.heard();
    try {
      this.#dispatch(decodeMessage(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#finish(new Problem('bad_server', error.message));
      this.#socket?.close(CLOSE.DONE);
    }
  }

  /** @param {Message} message */
  #dispatch(message) {
    if (message.type === 'hello') return this.#helloReceived(message);
    this.#lastSeq = Math.max(this.#lastSeq, message.seq);
    if (message.type === 'error') {
      this.#refusal = message.message;
      this.#retryAfter_ms = (message.retry_after_s ?? 0) * 1000;
    }
    this.#handlers.message(message);
    if (message.type === 'end') this.#ended = true;
    return undefined;
  }

  /** @param {Message} hello */
  #helloReceived(hello) {
    const session = hello.session ?? '';
    const fresh = session !== this.#session;
    const again = !this.#live;
    this.#lastSeq = hello.seq; // every connection counts its own
    this.#session = session;
    this.#resume = hello.resume;
    this.#live = true;
    this.#attempt = 0;
    this.#environment.cancel(this.#answerTimer);
    this.#handlers.opened(hello, fresh, again);
    this.#handlers.state('live', 0);
    this.#heartbeat.start();
  }

  /** @param {number} client_ms */
  #ping(client_ms) {
    this.send('ping', { client_ms });
    this.#handlers.pinged(client_ms);
  }

  /** A browser may wait minutes for a peer that went away without a word before it reports the close. */
  #abandon() {
    this.#drop();
    this.#lost(1006, '');
  }

  #drop() {
    const socket = this.#socket;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.#environment.cancel(this.#answerTimer);
    socket?.close();
  }

  #again() {
    this.#environment.cancel(this.#retryTimer);
    this.#attempt = 0;
    this.open();
  }

  /** @param {number} code @param {string} reason */
  #lost(code, reason) {
    const had = this.#live;
    this.#live = false;
    this.#heartbeat.stop();
    this.#environment.cancel(this.#answerTimer);
    if (this.#done) return;
    const ended = this.#ended && !this.#options.stays;
    this.#ended = false;
    // A server that stops says "end", too; who has not asked for the end comes back to the one that starts after it.
    if (ended && (this.#asked || code !== CLOSE.GOING_AWAY)) {
      this.#finish(this.#asked ? null : closeProblem(code, reason)); // unasked: somebody else has ended the talk
      return;
    }
    const refusedResume = !had && this.#resume !== '' && FATAL.has(code);
    if (refusedResume) this.#resume = ''; // the server forgot the session: begin another one
    const { stays, retryRefused } = this.#options;
    const waits = stays || this.#session !== '';
    const final = (FATAL.has(code) && !refusedResume) || (TAKEN.has(code) && !waits) || (code === CLOSE.DONE && !stays);
    if (!final) this.#retry(this.#retryAfter_ms);
    else if (retryRefused) this.#wait(closeProblem(code, this.#refusal || reason));
    else this.#finish(closeProblem(code, this.#refusal || reason));
  }

  /** @param {Problem} problem */
  #wait(problem) {
    this.#handlers.refused?.(problem);
    this.#retry(problem.key === 'bad_request' ? 0 : this.#retryAfter_ms || REFUSED_RETRY_MS);
  }

  /** @param {number} [least_ms] */
  #retry(least_ms = 0) {
    const chance = this.#environment.random();
    // Many may have been told the same time: they do not all come back at the same moment.
    const delay_ms = Math.max(least_ms * (1 + chance / 10), backoffMs(this.#attempt, chance));
    this.#attempt += 1;
    this.#handlers.state('waiting', delay_ms);
    this.#retryTimer = this.#environment.later(() => this.open(), delay_ms);
  }

  /** @param {Problem | null} problem */
  #finish(problem) {
    if (this.#done) return;
    this.#done = true;
    this.#live = false;
    this.#heartbeat.stop();
    this.#environment.cancel(this.#answerTimer);
    this.#environment.cancel(this.#retryTimer);
    this.#handlers.state('closed', 0);
    this.#handlers.closed(problem);
  }
}
