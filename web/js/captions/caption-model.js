/** Captions as segments and columns, from revisions that only ever add to what is committed. No DOM. */

/** @typedef {import('../wire/protocol.js').Message} Message */

/** The column of what was spoken; translations have their language code. */
export const SPOKEN = 'spoken';

/**
 * @typedef {object} Change what one message does to one cell
 * @property {string} row
 * @property {number} order rows stand in this order
 * @property {string} column
 * @property {string} lang
 * @property {string} append newly committed text
 * @property {string} tail
 * @property {boolean} final
 * @property {boolean} own spoken in the column's language, so that the column shows the transcript
 * @property {boolean} broken the server took committed text back; what was shown stands
 *
 * @typedef {object} Cell
 * @property {number} rev
 * @property {string} lang
 * @property {string} committed without the characters that were `dropped`
 * @property {number} dropped characters that the listener has deleted
 * @property {string} tail
 * @property {boolean} final
 * @property {boolean} own
 *
 * @typedef {object} Segment
 * @property {string} row
 * @property {number} order
 * @property {number} log
 * @property {number} number
 * @property {number} start_ms on the wall clock, as near as it is known; NaN before a transcript came
 * @property {number} end_ms
 * @property {Map<string, Cell>} cells by column; the transcript is in SPOKEN
 */

/** Segment numbers of one log; a later one's rows stand below. */
const ROWS_PER_LOG = 1e9;

export class CaptionModel {
  /** @type {Map<string, Segment>} */
  #segments = new Map();
  /** @type {string[]} numberings of segments, in the order in which they were met */
  #logs = [];
  #log = 0;
  #zero_ms = 0;
  #prefix;
  #nextOrder;
  #most;

  /**
   * @param {object} [options]
   * @param {string} [options.prefix] keeps the rows of several models in one view apart
   * @param {() => number} [options.nextOrder] rows stand in the order in which they came, not in that of their numbers
   * @param {number} [options.most] segments kept; the oldest go first
   */
  constructor({ prefix = '', nextOrder, most = 20_000 } = {}) {
    this.#prefix = prefix;
    this.#nextOrder = nextOrder;
    this.#most = most;
  }

  /** @param {Message} hello whose numbering holds from now on; what is known stands */
  enter({ log, session = '' }) {
    const name = log ?? session;
    if (!this.#logs.includes(name)) this.#logs.push(name);
    this.#log = this.#logs.indexOf(name);
  }

  /** @param {number} zero_ms the wall clock at the start of the session that speaks now */
  setZero(zero_ms) {
    this.#zero_ms = zero_ms;
  }

  /** In their order. @returns {Segment[]} */
  get segments() {
    return [...this.#segments.values()].sort((a, b) => a.order - b.order);
  }

  /**
   * @param {Message} message a transcript or translation
   * @returns {Change[]} empty: an old revision, or one that was seen before (resume repeats some). A transcript also
   *   changes the column of its language: whoever reads that language reads the speaker's own words
   */
  apply(message) {
    const segment = this.#segment(message.segment);
    if (message.type === 'translation') return this.#change(segment, message.lang, message, false);
    const spoken = this.#change(segment, SPOKEN, message, false);
    if (spoken.length === 0) return [];
    segment.start_ms = this.#zero_ms + (message.start_ms ?? Number.NaN);
    segment.end_ms = this.#zero_ms + (message.end_ms ?? Number.NaN);
    return [...spoken, ...this.#change(segment, message.lang, message, true)];
  }

  /** @param {Message} snapshot @returns {Change[]} */
  applySnapshot(snapshot) {
    return snapshot.segments.flatMap((/** @type {Message} */ one) => this.apply(one));
  }

  /** Forgets what was said, and not that it was: what is still open goes on with what is new. */
  clear() {
    for (const { cells } of this.#segments.values()) {
      for (const cell of cells.values()) {
        cell.dropped += cell.committed.length;
        cell.committed = cell.tail = '';
      }
    }
  }

  /** What a reload needs to go on. @param {number} most segments @returns {object} JSON types */
  save(most) {
    const segments = this.segments
      .filter(({ cells }) => [...cells.values()].some(({ committed }) => committed))
      .slice(-most)
      .map(({ log, number, start_ms, end_ms, cells }) => {
        const kept = [...cells].map(([column, cell]) => [column, { ...cell, tail: '' }]);
        return { log, number, start_ms, end_ms, cells: kept };
      });
    return { logs: this.#logs, segments };
  }

  /** @param {any} saved by `save`, into an empty model @returns {Change[]} */
  restore({ logs, segments }) {
    this.#logs = logs;
    return segments.flatMap((/** @type {any} */ { log, number, start_ms, end_ms, cells }) => {
      const segment = this.#segment(number, log);
      Object.assign(segment, { start_ms: start_ms ?? Number.NaN, end_ms: end_ms ?? Number.NaN });
      return cells.map((/** @type {[string, Cell]} */ [column, cell]) => {
        segment.cells.set(column, cell);
        return changeOf(segment, column, cell, cell.committed, false);
      });
    });
  }

  /** @param {number} number @param {number} [log] @returns {Segment} */
  #segment(number, log = this.#log) {
    const row = `${this.#prefix}${log}:${number}`;
    const known = this.#segments.get(row);
    if (known) return known;
    const order = this.#nextOrder ? this.#nextOrder() : log * ROWS_PER_LOG + number;
    const segment = { row, log, number, order, start_ms: Number.NaN, end_ms: Number.NaN, cells: new Map() };
    this.#segments.set(row, segment);
    for (const oldest of this.#segments.keys()) {
      if (this.#segments.size <= this.#most) break;
      this.#segments.delete(oldest);
    }
    return segment;
  }

  /** @param {Segment} segment @param {string} column @param {Message} message @param {boolean} own @returns {Change[]} */
  #change(segment, column, { rev, lang, committed, tail, final }, own) {
    const known = segment.cells.get(column);
    // The language was detected anew: what was committed stands, anything else gives way.
    const replaced = known !== undefined && known.own !== own;
    if (replaced && known.committed) return [];
    const before = known && !replaced ? known : { rev: -1, committed: '', dropped: 0, final: false };
    if (rev <= before.rev || before.final) return [];
    const whole = committed.slice(before.dropped);
    const broken = !whole.startsWith(before.committed) || committed.length < before.dropped;
    const append = broken ? '' : whole.slice(before.committed.length);
    /** @type {Cell} */
    const cell = { rev, lang, committed: before.committed + append, dropped: before.dropped, tail, final, own };
    segment.cells.set(column, cell);
    return [changeOf(segment, column, cell, append, broken)];
  }
}

/** @param {Segment} segment @param {string} column @param {Cell} cell @param {string} append @param {boolean} broken @returns {Change} */
function changeOf({ row, order }, column, { lang, tail, final, own }, append, broken) {
  return { row, order, column, lang, append, tail, final, own, broken };
}
