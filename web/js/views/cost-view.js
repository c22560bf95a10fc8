/** What an hour of speech costs here, and at cloud services: figures and a table. */

import { element, fillFigures } from './elements.js';

/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {{name: string, currency: string, per_hour: number, translates: boolean}} Price */

/**
 * @param {{section: HTMLElement, figures: HTMLElement, prices: HTMLElement}} parts
 * @param {Record<string, any> | null | undefined} cost of the protocol's `status`; nothing: too little was said so far
 * @param {Words} words
 */
export function showCost({ section, figures, prices }, cost, words) {
  section.hidden = !cost;
  if (!cost) return;
  const number = (/** @type {number} */ value, digits = 0) =>
    value.toLocaleString(words.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const cores = words.say('cost_cores', { cores: number(cost.cpu_s_per_hour / 3600, 2) });
  const energy = `${number(cost.wh_per_hour, 1)} Wh`;
  fillFigures(figures, [
    [words.say('cost_cpu'), `${number(cost.cpu_s_per_hour)} s (${cores})`],
    [words.say('cost_energy'), cost.is_measured ? energy : words.say('cost_estimated', { energy })],
    [words.say('cost_languages'), number(cost.languages)],
    [words.say('cost_heard'), duration(cost.speech_s, number)],
  ]);
  const rows = /** @type {Price[]} */ (cost.elsewhere).map((price) => {
    const name = price.translates ? price.name : words.say('cost_heard_only', { name: price.name });
    const head = element('th', '', [name]);
    head.setAttribute('scope', 'row');
    return element('tr', '', [head, element('td', '', [`${number(price.per_hour, 2)} ${price.currency}`])]);
  });
  prices.hidden = rows.length === 0;
  prices.querySelector('tbody')?.replaceChildren(...rows);
}

/** @param {number} seconds @param {(value: number) => string} number */
function duration(seconds, number) {
  if (seconds < 60) return `${number(Math.floor(seconds))} s`;
  return seconds < 3600 ? `${number(Math.floor(seconds / 60))} min` : `${number(Math.floor(seconds / 3600))} h ${number(Math.floor(seconds / 60) % 60)} min`;
}
