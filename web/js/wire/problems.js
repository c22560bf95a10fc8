/** What can go wrong, as keys of the string table (`problem.KEY` says what, `problem.KEY.do` what to do). */

import { CLOSE } from './protocol.js';

/** An error that a person is meant to read. `detail` is the server's or browser's own sentence, shown beneath. */
export class Problem extends Error {
  /** @param {string} key @param {string} [detail] */
  constructor(key, detail = '') {
    super(key);
    this.name = 'Problem';
    this.key = key;
    this.detail = detail;
  }
}

/** @type {Record<number, string>} */
const CLOSED = {
  [CLOSE.BUSY]: 'server_busy',
  [CLOSE.BAD]: 'bad_request',
  [CLOSE.NOT_ALLOWED]: 'not_allowed',
  [CLOSE.MISSING]: 'model_missing',
  [CLOSE.ROOM_TAKEN]: 'room_taken',
};

/** @param {number} code WebSocket close code @param {string} detail */
export function closeProblem(code, detail) {
  return new Problem(CLOSED[code] ?? 'connection_closed', detail);
}

/** @param {unknown} error */
export function unexpected(error) {
  if (error instanceof Problem) return error;
  return new Problem('unexpected', error instanceof Error ? error.message : String(error));
}
