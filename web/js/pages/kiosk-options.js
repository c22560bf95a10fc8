/** What the address of the kiosk page says (docs/PAGES.md). No DOM. */

import { MODE, modeOf } from '../wire/protocol.js';

const ALIGN = ['left', 'center', 'right'];

/**
 * @typedef {object} KioskOptions
 * @property {number} lines of each language
 * @property {string} size of the letters, CSS; empty: as large as fits
 * @property {string} align CSS `text-align`; empty: as the language is written
 * @property {boolean} overlay
 * @property {number} stay_ms how long an overlay shows the last words
 * @property {import('../wire/protocol.js').Mode} mode
 * @property {string} theme empty: the system's
 */

/** @param {URLSearchParams} options @returns {KioskOptions} what is malformed counts as absent */
export function kioskOptions(options) {
  const overlay = isOn(options.get('overlay'));
  const size = Number(options.get('size'));
  const align = options.get('align') ?? '';
  const theme = options.get('theme') ?? '';
  return {
    lines: within(Number(options.get('lines')), 1, 12) ?? (overlay ? 2 : 3),
    size: size >= 1 && size <= 40 ? `${size}vh` : '',
    align: ALIGN.includes(align) ? align : overlay ? 'center' : '',
    overlay,
    stay_ms: 1000 * (within(Number(options.get('stay')), 1, 3600) ?? 8),
    mode: modeOf(options.get('mode'), MODE.CALM),
    theme: ['light', 'dark'].includes(theme) ? theme : '',
  };
}

/** @param {string | null} text */
function isOn(text) {
  return text !== null && !['0', 'false', 'no', 'off'].includes(text.toLowerCase());
}

/** @param {number} value @param {number} least @param {number} most */
function within(value, least, most) {
  return Number.isInteger(value) && value >= least && value <= most ? value : null;
}
