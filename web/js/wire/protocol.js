/**
 * Wire protocol `sottovoce.v1` (docs/PROTOCOL.md): bytes and JSON only, no socket.
 */

export const SUBPROTOCOL = 'sottovoce.v1';
/** The one sample rate on the wire, in hertz. */
export const RATE_HZ = 16_000;
const HEADER_BYTES = 8;
const VERSIONS = Object.freeze(['v1']);

/** What a client is to the service. */
export const ROLE = Object.freeze({ SPEAKER: 'speaker', LISTENER: 'listener', OPERATOR: 'operator' });
/** In place of a source language: it is detected. */
export const AUTO = 'auto';
/** When captions appear: at once with a tail, or only what is committed. */
export const MODE = Object.freeze({ FAST: /** @type {const} */ ('fast'), CALM: /** @type {const} */ ('calm') });
/** The room of those who name none. */
export const DEFAULT_ROOM = 'main';
/** Most targets of one client. */
export const MOST_TARGETS = 16;

export const CLOSE = Object.freeze({
  DONE: 1000,
  GOING_AWAY: 1001,
  BUSY: 1013,
  BAD: 4400,
  NOT_ALLOWED: 4401,
  MISSING: 4404,
  ROOM_TAKEN: 4409,
});

/** What the server sent is not what the protocol says. The message names the field, never the text. */
export class ProtocolError extends Error {
  name = 'ProtocolError';
}

/**
 * @typedef {Record<string, any> & {type: string, seq: number, t_ms: number}} Message
 * @typedef {{position: number, samples: Int16Array}} AudioFrame position: samples from the start of the stream
 * @typedef {'fast' | 'calm'} Mode
 * @typedef {Record<string, number>} Marks milliseconds on the session clock, by stage
 */

/** @type {Record<string, Record<string, string>>} */
const FIELDS = {
  hello: { resume: 'string', targets: 'array', available_targets: 'array' },
  speech: { state: 'string', position: 'number' },
  transcript: { segment: 'number', rev: 'number', lang: 'string', committed: 'string', tail: 'string', final: 'boolean' },
  translation: { segment: 'number', rev: 'number', lang: 'string', committed: 'string', tail: 'string', final: 'boolean' },
  lag: { stage: 'string', behind_ms: 'number' },
  notice: { code: 'string', message: 'string' },
  snapshot: { segments: 'array' },
  pong: { client_ms: 'number', server_ms: 'number' },
  end: {},
  audience: { listeners: 'object' },
  error: { code: 'string', message: 'string' },
};

/** @param {unknown} value */
function kindOf(value) {
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * Reads one text frame.
 *
 * Unknown fields pass through and unknown types are left to the caller to ignore, so that version 1 can grow.
 * @param {string} text
 * @returns {Message}
 * @throws {ProtocolError} when it is no JSON object, or a field that its type must have is missing or of another kind
 */
export function decodeMessage(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError('a text frame is not JSON');
  }
  if (message === null || kindOf(message) !== 'object') throw new ProtocolError('a text frame is not a JSON object');
  const wanted = { type: 'string', seq: 'number', t_ms: 'number', ...FIELDS[message.type] };
  for (const [field, kind] of Object.entries(wanted)) {
    if (kindOf(message[field]) !== kind) throw new ProtocolError(`${String(message.type)}.${field} is not a ${kind}`);
  }
  return message;
}

/**
 * @param {string} role one of ROLE
 * @param {Record<string, unknown>} more
 * @returns {Record<string, unknown>} fields of a hello
 */
export function helloOf(role, more) {
  return { versions: VERSIONS, role, ...more };
}

/** @param {unknown} mode @param {Mode} otherwise @returns {Mode} */
export function modeOf(mode, otherwise = MODE.FAST) {
  return mode === MODE.FAST || mode === MODE.CALM ? mode : otherwise;
}

/** Numbers the text frames of one connection: `seq` starts at 1 and has no gaps. */
export class Envelope {
  #seq = 0;

  /**
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @param {number} t_ms the client's own monotonic clock
   * @returns {string} the text frame
   */
  wrap(type, fields, t_ms) {
    this.#seq += 1;
    return JSON.stringify({ ...fields, type, seq: this.#seq, t_ms });
  }
}

/**
 * One binary frame: uint64 little-endian position of the first sample, then signed 16-bit little-endian samples.
 * @param {number} position samples from the start of the stream, at 16 kHz
 * @param {Int16Array} samples
 * @returns {ArrayBuffer}
 */
export function encodeAudioFrame(position, samples) {
  const buffer = new ArrayBuffer(HEADER_BYTES + samples.length * 2);
  const view = new DataView(buffer);
  view.setBigUint64(0, BigInt(position), true);
  for (let i = 0; i < samples.length; i += 1) view.setInt16(HEADER_BYTES + 2 * i, samples[i], true);
  return buffer;
}
