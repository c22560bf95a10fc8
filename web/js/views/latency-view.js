/** Bars and table of the delay per stage. The bars are for the eye only; the table says the same in words. */

import { STAGES } from '../captions/latency.js';

/** @typedef {import('../captions/latency.js').LatencyLog} LatencyLog */
/** @typedef {import('../captions/latency.js').Summary} Summary */
/** @typedef {import('../strings/i18n.js').Words} Words */

const REDRAW_MS = 500;

export class LatencyView {
  #log;
  #parts;
  #words;
  #columnName;
  #timer = 0;

  /**
   * @param {LatencyLog} log
   * @param {{details: HTMLDetailsElement, summary: HTMLElement, columns: HTMLElement, none: HTMLElement, clock: HTMLElement}} parts
   * @param {Words} words
   * @param {(column: string) => string} columnName
   */
  constructor(log, parts, words, columnName) {
    this.#log = log;
    this.#parts = parts;
    this.#words = words;
    this.#columnName = columnName;
    parts.details.addEventListener('toggle', () => this.#draw(null));
  }

  /** Redraws soon; figures that change ten times a second cannot be read. @param {number | null} rtt_ms */
  update(rtt_ms) {
    this.#timer ||= setTimeout(() => this.#draw(rtt_ms), REDRAW_MS);
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#draw(null);
  }

  /** @param {number | null} rtt_ms */
  #draw(rtt_ms) {
    this.#timer = 0;
    const { details, summary, columns, none, clock } = this.#parts;
    const summaries = this.#log.columns.flatMap((column) => {
      const one = this.#log.summary(column);
      return one ? [{ column, one }] : [];
    });
    none.hidden = summaries.length > 0;
    const slowest = Math.max(0, ...summaries.map(({ one }) => one.total.median_ms));
    summary.textContent = slowest ? this.#words.say('latency_summary', { total: this.#words.seconds(slowest) }) : '';
    if (!details.open) return;
    columns.replaceChildren(...summaries.map(({ column, one }) => this.#figures(column, one, slowest)));
    if (rtt_ms !== null) {
      clock.textContent = this.#words.say('latency_clock', { error: this.#words.milliseconds(rtt_ms / 2, 1) });
    }
  }

  /** @param {string} column @param {Summary} summary @param {number} slowest_ms */
  #figures(column, summary, slowest_ms) {
    const box = document.createElement('div');
    box.className = 'latency-figures';
    const title = document.createElement('h3');
    title.textContent = this.#columnName(column);
    box.append(title, this.#bar(summary, slowest_ms), this.#table(column, summary));
    return box;
  }

  /** One waterfall of the medians; all languages share one scale. @param {Summary} summary @param {number} slowest_ms */
  #bar({ stages }, slowest_ms) {
    const bar = document.createElement('div');
    bar.className = 'waterfall';
    bar.setAttribute('aria-hidden', 'true');
    const whole_ms = [...stages.values()].reduce((sum, { median_ms }) => sum + median_ms, 0);
    for (const [stage, { median_ms }] of stages) {
      const part = document.createElement('span');
      part.className = 'part';
      part.dataset.stage = stage;
      part.title = `${this.#words.say(`stage_${stage}`)}: ${this.#words.milliseconds(median_ms)}`;
      part.style.setProperty('--share', String(median_ms / Math.max(whole_ms, slowest_ms, 1)));
      bar.append(part);
    }
    return bar;
  }

  /** @param {string} column @param {Summary} summary */
  #table(column, { stages, total }) {
    const say = (/** @type {string} */ key) => this.#words.say(key);
    const table = document.createElement('table');
    const caption = table.createCaption();
    caption.className = 'unseen';
    caption.textContent = this.#words.say('latency_caption', { language: this.#columnName(column) });
    const head = table.createTHead().insertRow();
    for (const key of ['latency_stage', 'latency_last', 'latency_median']) head.append(cellOf('th', say(key), 'col'));
    const body = table.createTBody();
    for (const stage of STAGES) {
      const figure = stages.get(stage);
      if (figure) this.#row(body, say(`stage_${stage}`), figure, stage);
    }
    this.#row(table.createTFoot(), say('latency_total'), total, '');
    return table;
  }

  /** @param {HTMLTableSectionElement} section @param {string} name @param {import('../captions/latency.js').Figure} figure @param {string} stage */
  #row(section, name, { last_ms, median_ms }, stage) {
    const row = section.insertRow();
    const head = cellOf('th', name, 'row');
    if (stage) head.dataset.stage = stage;
    row.append(head, cellOf('td', this.#words.milliseconds(last_ms)), cellOf('td', this.#words.milliseconds(median_ms)));
  }
}

/** @param {'th' | 'td'} kind @param {string} text @param {string} [scope] */
function cellOf(kind, text, scope) {
  const cell = document.createElement(kind);
  cell.textContent = text;
  if (scope) cell.setAttribute('scope', scope);
  return cell;
}
