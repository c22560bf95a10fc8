/** What the captions say: segments by languages, from revisions that only ever add to what is committed. No DOM. */

/** @typedef {import('./protocol.js').Message} Message */

/** The column of what was spoken; translations have their language code. */
export const SPOKEN = 'spoken';

/**
 * @typedef {object} Change what one message does to one cell
 * @property {string} row
 * @property {number} order rows stand in this order
 * @property {string} lane
 * @property {string} lang
 * @property {string} append newly committed text
 * @property {string} tail
 * @property {boolean} final
 * @property {boolean} broken the server took committed text back; what was shown stands
 */

/** @typedef {{rev: number, committed: string, tail: string, final: boolean}} Cell */

/** Segment numbers of one session; a later session's rows stand below. */
const ROWS_PER_SESSION = 1e9;

export class CaptionModel {
  /** @type {Map<string, Cell>} */
  #cells = new Map();
  #session = 0;

  /** Another session begins: its segments count from the start again. */
  newSession() {
    this.#session += 1;
  }

  /**
   * @param {Message} message a transcript or translation
   * @returns {Change | null} `null`: an old revision, or one that was seen before (resume repeats some)
   */
  apply(message) {
    const lane = message.type === 'transcript' ? SPOKEN : message.lang;
    const order = this.#session * ROWS_PER_SESSION + message.segment;
    const key = `${order}/${lane}`;
    const before = this.#cells.get(key) ?? { rev: -1, committed: '', tail: '', final: false };
    if (message.rev <= before.rev || before.final) return null;
    const broken = !message.committed.startsWith(before.committed);
    const append = broken ? '' : message.committed.slice(before.committed.length);
    const { rev, tail, final } = message;
    this.#cells.set(key, { rev, committed: before.committed + append, tail, final });
    return { row: `${order}`, order, lane, lang: message.lang, append, tail, final, broken };
  }

  /** @param {Message} snapshot @returns {Change[]} */
  applySnapshot(snapshot) {
    const changes = snapshot.segments.map((/** @type {Message} */ one) => this.apply(one));
    return changes.filter((/** @type {Change | null} */ one) => one !== null);
  }
}

/** Gathers committed text until it is worth saying: a sentence, or the end of a segment. */
export class SentenceGatherer {
  #pending = '';

  /**
   * @param {string} append
   * @param {boolean} final
   * @returns {string} what to announce now; empty: nothing yet
   */
  add(append, final) {
    this.#pending += append;
    const end = final ? this.#pending.length : lastSentenceEnd(this.#pending);
    const ready = this.#pending.slice(0, end).trim();
    this.#pending = this.#pending.slice(end);
    return ready;
  }
}

/** @param {string} text */
function lastSentenceEnd(text) {
  let end = 0;
  for (const match of text.matchAll(/[.!?…]["»”’)]*(?=\s|$)|[。！？]/gu)) end = match.index + match[0].length;
  return end;
}
