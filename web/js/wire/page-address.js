/** Room, languages, options and token of a page, all from its own address. */

import { DEFAULT_ROOM, MOST_TARGETS } from './protocol.js';

const ROOM = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/;
const CODE = /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$/;

/**
 * @typedef {object} PageAddress
 * @property {string} room
 * @property {string[]} targets languages that the address asks for; empty: it does not say
 * @property {string | null} token from the fragment, which browsers do not send
 * @property {URLSearchParams} options
 */

/** @param {string | URL} address @returns {PageAddress} what is malformed counts as absent */
export function pageAddress(address) {
  const url = new URL(address);
  const options = url.searchParams;
  const room = options.get('room') ?? '';
  const targets = (options.get('to') ?? '').split(',').filter((code) => CODE.test(code));
  const token = new URLSearchParams(url.hash.slice(1)).get('t');
  return {
    room: ROOM.test(room) ? room : DEFAULT_ROOM,
    targets: [...new Set(targets)].slice(0, MOST_TARGETS),
    token: token || null,
    options,
  };
}

/** @param {PageAddress} address @param {string} [room] another one @returns {{room: string, token?: string}} for a hello */
export function credentials({ room: own, token }, room = own) {
  return token ? { room, token } : { room };
}

/** @param {string | URL} base of the page @returns {string} the service's WebSocket */
export function webSocketUrl(base) {
  const url = new URL('ws', base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';
  return url.href;
}

/** The two devices of a conversation; each speaks in a room of its own. */
export const OTHER_SIDE = Object.freeze({ a: 'b', b: 'a' });

/** @param {string | null} side @returns {side is 'a' | 'b'} */
export function isSide(side) {
  return side === 'a' || side === 'b';
}

/** Address of the other device's page. @param {URL} here @param {'a' | 'b'} side of this one */
export function partnerAddress(here, side) {
  const url = new URL(here);
  url.searchParams.set('side', OTHER_SIDE[side]);
  url.searchParams.delete('to');
  return url.href;
}
