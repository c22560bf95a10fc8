/** The transcript as a file, made in the browser from what it received. No DOM. */

import { SPOKEN } from './caption-model.js';

/** @typedef {import('./caption-model.js').Segment} Segment */
/** @typedef {{start_ms: number, end_ms: number, text: string}} Line a segment in one language; times from the first */
/** @typedef {{start_ms: number, end_ms: number, text: string}} Cue */

const LINE_CHARS = 42;
const CUE_LINES = 2;
const SHORTEST_MS = 700;

/**
 * @param {Segment[]} segments in order
 * @param {string} column
 * @returns {Line[]} what is committed, one after the other in time too, even where a session's clock is not known
 */
export function linesOf(segments, column) {
  const said = segments.filter(({ cells }) => cells.get(column)?.committed.trim());
  /** @type {Line[]} */
  const lines = [];
  let shift_ms = 0;
  for (const { start_ms, end_ms, cells } of said) {
    const before_ms = lines.at(-1)?.end_ms ?? 0;
    const start = Number.isFinite(start_ms) ? start_ms : before_ms - shift_ms;
    if (lines.length === 0) shift_ms = -start;
    if (start + shift_ms < (lines.at(-1)?.start_ms ?? 0)) shift_ms = before_ms - start;
    const last = Number.isFinite(end_ms) ? end_ms : start;
    const from = start + shift_ms;
    lines.push({ start_ms: from, end_ms: Math.max(last + shift_ms, from + SHORTEST_MS), text: textOf(cells, column) });
  }
  return lines;
}

/** @param {Segment['cells']} cells @param {string} column */
function textOf(cells, column) {
  return (cells.get(column)?.committed ?? '').replace(/\s+/gu, ' ').trim();
}

/** @param {Line[]} lines @returns {string} a paragraph per segment */
export function asText(lines) {
  return lines.map(({ text }) => `${text}\n`).join('\n');
}

/** @param {Line[]} lines @returns {string} SubRip */
export function asSrt(lines) {
  // A line of text that looks like a time line would end the cue for many players.
  const cue = (/** @type {Cue} */ { start_ms, end_ms, text }, /** @type {number} */ index) =>
    `${index + 1}\n${clock(start_ms, ',')} --> ${clock(end_ms, ',')}\n${text.replace(/-+->/g, '→')}\n`;
  return cuesOf(lines).map(cue).join('\n');
}

/** @param {Line[]} lines @returns {string} WebVTT; what would be markup is escaped */
export function asVtt(lines) {
  const escaped = (/** @type {string} */ text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const cues = cuesOf(lines).map(
    ({ start_ms, end_ms, text }) => `${clock(start_ms, '.')} --> ${clock(end_ms, '.')}\n${escaped(text)}\n`,
  );
  return ['WEBVTT\n', ...cues].join('\n');
}

/** Cues of at most two lines; a segment's time is shared out by length. @param {Line[]} lines @returns {Cue[]} */
export function cuesOf(lines) {
  return lines.flatMap(({ start_ms, end_ms, text }, index) => {
    const until_ms = Math.max(Math.min(end_ms, lines[index + 1]?.start_ms ?? end_ms), start_ms + 1);
    const rows = wrapped(text);
    const screens = Array.from({ length: Math.ceil(rows.length / CUE_LINES) }, (_, n) =>
      rows.slice(n * CUE_LINES, (n + 1) * CUE_LINES).join('\n'),
    );
    const whole = screens.reduce((sum, screen) => sum + screen.length, 0);
    const at = (/** @type {number} */ chars) => start_ms + ((until_ms - start_ms) * chars) / whole;
    let passed = 0;
    return screens.map((screen) => {
      const from = passed;
      passed += screen.length;
      return { start_ms: at(from), end_ms: at(passed), text: screen };
    });
  });
}

/** @param {string} text @returns {string[]} lines; broken between words, also in scripts that do not space them */
function wrapped(text) {
  const words = [...new Intl.Segmenter(undefined, { granularity: 'word' }).segment(text)].map(({ segment }) => segment);
  const lines = [''];
  for (const word of words) {
    const last = lines.length - 1;
    const isPunctuation = /^[\p{P}\s]+$/u.test(word); // stays with the word before it
    if (lines[last] && !isPunctuation && cells(lines[last] + word) > LINE_CHARS) lines.push(word);
    else lines[last] += word;
  }
  return lines.map((line) => line.trim()).filter(Boolean);
}

/** Columns: a Chinese or Japanese character takes two. @param {string} text */
function cells(text) {
  return text.length + (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/gu)?.length ?? 0);
}

/** @param {number} ms @param {',' | '.'} point */
function clock(ms, point) {
  const whole = Math.max(0, Math.round(ms));
  const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  return (
    `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}` +
    `${point}${String(whole % 1000).padStart(3, '0')}`
  );
}

/** File formats by ending. */
export const FORMATS = Object.freeze({
  txt: { type: 'text/plain', write: asText },
  srt: { type: 'application/x-subrip', write: asSrt },
  vtt: { type: 'text/vtt', write: asVtt },
});

/**
 * @param {string} room
 * @param {string} column
 * @param {string} ending
 * @param {Date} now
 * @returns {string} such as `main-2026-11-22-1730.en.srt`
 */
export function fileName(room, column, ending, now) {
  const stamp = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16).replace(/[T:]/g, (mark) => (mark === 'T' ? '-' : ''));
  return `${room}-${stamp}.${column === SPOKEN ? 'spoken' : column}.${ending}`;
}
