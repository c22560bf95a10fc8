/** From pressing Start to the last word: input, session and the phase that both are in. No DOM. */

import { unexpected } from '../wire/problems.js';
import { SpeakerSession } from '../wire/speaker-session.js';

/** @typedef {import('./input.js').Input} Input */
/** @typedef {import('../wire/protocol.js').AudioFrame} AudioFrame */
/** @typedef {import('../wire/protocol.js').Message} Message */
/** @typedef {'idle' | 'starting' | 'running' | 'finishing'} Phase */
/** @typedef {(onFrame: (frame: AudioFrame) => void, onEnd: () => void) => Promise<Input>} Opener */

/**
 * @typedef {object} TalkHandlers
 * @property {(phase: Phase) => void} phase
 * @property {(frame: AudioFrame) => void} frame
 * @property {(hello: Message, fresh: boolean, again: boolean) => void} opened
 * @property {(message: Message) => void} message
 * @property {(state: import('../wire/connection.js').ConnectionState, delay_ms: number) => void} state not while it finishes
 * @property {(problem: import('../wire/problems.js').Problem) => void} problem
 */

export class Talk {
  #url;
  #handlers;
  /** @type {SpeakerSession | null} */
  #session = null;
  /** @type {Input | null} */
  #input = null;
  /** @type {Phase} */
  #phase = 'idle';
  #isOver = false;

  /** @param {string} url @param {TalkHandlers} handlers */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  get phase() {
    return this.#phase;
  }

  get session() {
    return this.#session;
  }

  /**
   * @param {Opener} open the input
   * @param {import('../wire/speaker-session.js').Credentials} credentials
   * @param {import('../wire/speaker-session.js').Choice} choice
   */
  async start(open, credentials, choice) {
    if (this.#phase !== 'idle') return;
    this.#isOver = false;
    this.#enter('starting');
    const { frame, opened, message } = this.#handlers;
    try {
      this.#input = await open(
        (one) => {
          frame(one);
          this.#session?.pushFrame(one);
        },
        () => {
          this.#isOver = true;
          this.finish();
        },
      );
      this.#session = new SpeakerSession(this.#url, credentials, choice, {
        opened,
        message,
        state: (state, delay_ms) => {
          if (this.#phase !== 'finishing' && state !== 'closed') this.#handlers.state(state, delay_ms);
        },
        closed: (problem) => this.#closed(problem),
      });
      this.#enter('running');
      if (this.#isOver) this.finish(); // the microphone went while it was opened
    } catch (error) {
      await this.#closeInput();
      this.#enter('idle');
      this.#handlers.problem(unexpected(error));
    }
  }

  /** Stops the input; the session goes on until the last words are there. */
  async finish() {
    if (this.#phase !== 'running') return;
    this.#enter('finishing');
    await this.#closeInput();
    this.#session?.finish();
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.#phase = phase;
    this.#handlers.phase(phase);
  }

  async #closeInput() {
    const open = this.#input;
    this.#input = null;
    await open?.close();
  }

  /** @param {import('../wire/problems.js').Problem | null} problem */
  async #closed(problem) {
    this.#session = null;
    await this.#closeInput();
    this.#enter('idle');
    if (problem) this.#handlers.problem(problem);
  }
}
