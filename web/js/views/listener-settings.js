/** How somebody reads: remembered in this browser. */

import { keep, recall } from './storage.js';

const KEY = 'sottovoce.reading';

/** Letter sizes in rem; the middle ones are what captions on phones are usually read at. */
export const SIZES = Object.freeze([1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.75, 4.75]);
const USUAL = 3;

/**
 * @typedef {object} ReaderSettings
 * @property {string | null} lane language, or SPOKEN; `null`: never chosen
 * @property {number} size place in SIZES
 * @property {boolean} source
 * @property {boolean} calm
 * @property {boolean} awake
 * @property {number} rate of the voice
 */

/** @returns {ReaderSettings} */
export function recallReader() {
  const kept = recall(KEY) ?? {};
  return {
    lane: typeof kept.lane === 'string' ? kept.lane : null,
    size: SIZES[kept.size] ? kept.size : USUAL,
    source: kept.source === true,
    calm: kept.calm === true,
    awake: kept.awake !== false,
    rate: Number.isFinite(kept.rate) ? kept.rate : 1,
  };
}

/** @param {ReaderSettings} settings */
export function keepReader(settings) {
  keep(KEY, settings);
}

const TOKEN_KEY = 'sottovoce.invitation';

/**
 * The invitation that the address holds, or else the latest one: an installed page is opened without it.
 * @param {import('../wire/page-address.js').Place} place
 * @returns {import('../wire/page-address.js').Place}
 */
export function invited(place) {
  if (place.token) {
    keep(TOKEN_KEY, { room: place.room, token: place.token });
    return place;
  }
  const latest = recall(TOKEN_KEY);
  const fits = latest?.token && (latest.room === place.room || !place.options.has('room'));
  return fits ? { ...place, room: String(latest.room), token: String(latest.token) } : place;
}
