/** Where the time between microphone and screen goes, as the server measured it: a waterfall of medians and a table. */

import { element } from './elements.js';

/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {{p50: number, p95: number}} Quantiles */

/** Stages of the server in the order of the path, and the colour that each has on the speaker's page. */
const PATH = Object.freeze({
  receive: 'received',
  vad: 'vad',
  asr_wait: 'asr_start',
  asr: 'asr_end',
  mt_wait: 'mt_start',
  mt: 'mt_end',
  send: 'sent',
  paint: 'painted',
});

/**
 * @param {Record<string, Quantiles>} stages
 * @param {Quantiles | undefined} whole from the microphone to a screen; nothing: no screen has told
 * @param {Words} words
 * @param {string} room
 * @returns {HTMLElement[]} empty: nothing was measured yet
 */
export function stageLatency(stages, whole, words, room) {
  const known = Object.entries(PATH).filter(([stage]) => stages[stage]);
  if (known.length === 0) return [];
  const whole_ms = Math.max(1, known.reduce((sum, [stage]) => sum + stages[stage].p50, 0));
  const bar = element('div', 'waterfall');
  bar.setAttribute('aria-hidden', 'true');
  for (const [stage, colour] of known) {
    const part = element('span', 'part');
    part.dataset.stage = colour;
    part.style.setProperty('--share', String(stages[stage].p50 / whole_ms));
    bar.append(part);
  }
  const body = element('tbody', '', known.map(([stage, colour]) => row(nameOf(stage, words), stages[stage], words, colour)));
  const head = element('thead', '', [
    element('tr', '', [header(words.say('latency_stage')), header(words.say('latency_median')), header('95 %')]),
  ]);
  const caption = element('caption', 'unseen', [words.say('latency_of_room', { room })]);
  const foot = whole ? [element('tfoot', '', [row(words.say('latency_total'), whole, words)])] : [];
  return [element('div', 'latency-figures', [bar, element('table', '', [caption, head, body, ...foot])])];
}

/** @param {string} stage @param {Words} words */
function nameOf(stage, words) {
  return words.say(stage === 'paint' ? 'stage_paint' : `stage_${PATH[/** @type {keyof typeof PATH} */ (stage)]}`);
}

/** @param {string} text */
function header(text) {
  const cell = element('th', '', [text]);
  cell.setAttribute('scope', 'col');
  return cell;
}

/** @param {string} name @param {Quantiles} figures @param {Words} words @param {string} [colour] */
function row(name, { p50, p95 }, words, colour) {
  const head = element('th', '', [name]);
  head.setAttribute('scope', 'row');
  if (colour) head.dataset.stage = colour;
  return element('tr', '', [
    head,
    element('td', '', [words.milliseconds(p50)]),
    element('td', '', [words.milliseconds(p95)]),
  ]);
}
