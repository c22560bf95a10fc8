/** An operator's connection: the state of the service, and commands to its rooms. No DOM. */

import { Connection } from './connection.js';
import { ROLE, helloOf } from './protocol.js';

/** @typedef {import('./protocol.js').Message} Message */

/**
 * @typedef {object} OperatorSessionHandlers
 * @property {(status: Message) => void} status once a second
 * @property {(invite: Message) => void} invite
 * @property {(notice: Message) => void} notice
 * @property {(state: import('./connection.js').ConnectionState) => void} state
 * @property {(problem: import('./problems.js').Problem | null) => void} closed
 */

export class OperatorSession {
  #connection;
  #handlers;

  /**
   * @param {string} url
   * @param {import('./speaker-session.js').Credentials} credentials
   * @param {OperatorSessionHandlers} handlers
   * @param {import('./environment.js').Environment} [environment]
   */
  constructor(url, credentials, handlers, environment) {
    this.#handlers = handlers;
    const wiring = {
      hello: () => helloOf(ROLE.OPERATOR, { ...credentials, targets: [] }),
      opened: () => {},
      message: this.#message.bind(this),
      pinged: () => {},
      state: handlers.state,
      closed: handlers.closed,
    };
    this.#connection = new Connection(url, wiring, { stays: true }, environment);
    this.#connection.open();
  }

  /** @param {string} room @param {boolean} muted */
  mute(room, muted) {
    this.#control(muted ? 'mute' : 'unmute', { room });
  }

  /** @param {string} room */
  stop(room) {
    this.#control('stop', { room });
  }

  /** Answered by `invite`. @param {string} role @param {string} room @param {number} valid_s */
  invite(role, room, valid_s) {
    this.#control('invite', { role, room, valid_s });
  }

  /** @param {string} token_id */
  revoke(token_id) {
    this.#control('revoke', { token_id });
  }

  retryNow() {
    this.#connection.retryNow();
  }

  /** @param {string} action @param {Record<string, unknown>} fields */
  #control(action, fields) {
    this.#connection.send('control', { action, ...fields });
  }

  /** @param {Message} message */
  #message(message) {
    const { status, invite, notice } = this.#handlers;
    if (message.type === 'status') status(message);
    else if (message.type === 'invite') invite(message);
    else if (message.type === 'notice') notice(message);
  }
}
