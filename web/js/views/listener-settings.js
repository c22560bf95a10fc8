/** How a listener reads: remembered in this browser. */

import { keep, recall } from './storage.js';

const KEY = 'sottovoce.reading';

/** Letter sizes in rem; the middle ones are what captions on phones are usually read at. */
export const SIZES = Object.freeze([1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.75, 4.75]);
const USUAL = 3;

/**
 * @typedef {object} ListenerSettings
 * @property {string | null} column language, or SPOKEN; `null`: never chosen
 * @property {number} size index in SIZES
 * @property {boolean} source
 * @property {boolean} calm
 * @property {boolean} awake
 * @property {number} rate of the voice
 */

/** @returns {ListenerSettings} */
export function recallListenerSettings() {
  const kept = recall(KEY) ?? {};
  return {
    column: typeof kept.lane === 'string' ? kept.lane : null,
    size: SIZES[kept.size] ? kept.size : USUAL,
    source: kept.source === true,
    calm: kept.calm === true,
    awake: kept.awake !== false,
    rate: Number.isFinite(kept.rate) ? kept.rate : 1,
  };
}

/** @param {ListenerSettings} settings */
export function keepListenerSettings(settings) {
  const { column: lane, ...rest } = settings; // the name in browsers that earlier versions wrote to
  keep(KEY, { lane, ...rest });
}

const TOKEN_KEY = 'sottovoce.invitation';

/**
 * The invitation that the address holds, or else the latest one: an installed page is opened without it.
 * @param {import('../wire/page-address.js').PageAddress} address
 * @returns {import('../wire/page-address.js').PageAddress}
 */
export function invited(address) {
  if (address.token) {
    keep(TOKEN_KEY, { room: address.room, token: address.token });
    return address;
  }
  const latest = recall(TOKEN_KEY);
  const fits = latest?.token && (latest.room === address.room || !address.options.has('room'));
  return fits ? { ...address, room: String(latest.room), token: String(latest.token) } : address;
}
