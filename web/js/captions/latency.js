/** Where the time of a caption went, stage by stage, from the marks of the protocol. No DOM. */

/** @typedef {import('../wire/protocol.js').Marks} Marks */

/** The marks in the order of the path; a stage is named by the mark that ends it. */
export const CHAIN = Object.freeze([
  'capture', 'received', 'vad', 'asr_start', 'asr_end', 'mt_start', 'mt_end', 'sent', 'painted',
]);
/** Stages that exist on screen: every mark but the first. */
export const STAGES = Object.freeze(CHAIN.slice(1));

/** @typedef {{stage: string, start_ms: number, duration_ms: number}} Span start_ms: since capture */

/**
 * Cuts capture -> painted into stages. A mark that is missing gives its time to the next stage; one that lies before
 * its predecessor (a stage that had finished earlier) takes no time. So the durations always add up to the whole.
 * @param {Marks} marks with `painted` added, all on the session clock
 * @returns {Span[]}
 */
export function spansOf(marks) {
  const present = CHAIN.filter((name) => Number.isFinite(marks[name]));
  if (present[0] !== 'capture') return [];
  let reached = marks.capture;
  return present.slice(1).map((stage) => {
    const start_ms = reached - marks.capture;
    const duration_ms = Math.max(0, marks[stage] - reached);
    reached += duration_ms;
    return { stage, start_ms, duration_ms };
  });
}

/** @param {number[]} values not empty */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @typedef {{last_ms: number, median_ms: number}} Figure */
/** @typedef {{stages: Map<string, Figure>, total: Figure, count: number}} Summary */

/** Rolling figures per language over the latest events. */
export class LatencyLog {
  #window;
  /** @type {Map<string, {spans: Map<string, number>, total_ms: number}[]>} */
  #events = new Map();

  /** @param {number} [window] events that the median covers */
  constructor(window = 50) {
    this.#window = window;
  }

  clear() {
    this.#events.clear();
  }

  /** @param {string} column @param {Marks} marks with `painted` */
  add(column, marks) {
    const spans = spansOf(marks);
    if (spans.at(-1)?.stage !== 'painted') return;
    const total_ms = spans.reduce((sum, span) => sum + span.duration_ms, 0);
    const events = this.#events.get(column) ?? [];
    events.push({ spans: new Map(spans.map((span) => [span.stage, span.duration_ms])), total_ms });
    if (events.length > this.#window) events.shift();
    this.#events.set(column, events);
  }

  get columns() {
    return [...this.#events.keys()];
  }

  /** @param {string} column @returns {Summary | null} */
  summary(column) {
    const events = this.#events.get(column);
    if (!events) return null;
    /** @type {Map<string, Figure>} */
    const stages = new Map();
    for (const stage of STAGES) {
      const values = events.flatMap(({ spans }) => spans.get(stage) ?? []);
      const last_ms = events.at(-1)?.spans.get(stage);
      if (last_ms !== undefined) stages.set(stage, { last_ms, median_ms: median(values) });
    }
    const totals = events.map(({ total_ms }) => total_ms);
    return { stages, total: { last_ms: totals[totals.length - 1], median_ms: median(totals) }, count: events.length };
  }
}
