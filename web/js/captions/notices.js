/** Notices of a room beside its texts: a condition is shown until it is over. No DOM. */

/** @typedef {import('../wire/protocol.js').Message} Message */
/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {(words: Words) => string} Say empty: nothing */
/** @typedef {{note: (topic: string, say: Say, lasts_ms?: number) => void}} NoticeSink such as `NoticeView` */

/** Codes of notices that begin or end a condition: its topic, and whether it holds now. @type {Record<string, [string, boolean]>} */
const STATES = {
  muted: ['muted', true],
  unmuted: ['muted', false],
  device_lost: ['device', true],
  device_back: ['device', false],
  device_muted: ['device', true],
  device_heard: ['device', false],
  transcripts_failed: ['transcripts', true],
  transcripts_back: ['transcripts', false],
};
/** How long something is shown that happened once. */
const ONCE_MS = 30_000;

export class Notices {
  #view;
  /** @type {Map<string, number>} milliseconds by stage and language */
  #behind = new Map();
  /** @type {Set<string>} */
  #topics = new Set();

  /** @param {NoticeSink} view */
  constructor(view) {
    this.#view = view;
  }

  /** @param {Message} message @returns {boolean} whether it was a notice or a lag */
  take(message) {
    if (message.type === 'lag') this.#lag(message);
    else if (message.type === 'notice') this.#notice(message);
    else return false;
    return true;
  }

  /** Another connection, or none: the service tells anew which conditions hold. */
  reset() {
    this.#behind.clear();
    for (const topic of this.#topics) this.#view.note(topic, () => '');
    this.#topics.clear();
  }

  /**
   * A hello came: the service tells conditions again over a new connection only.
   * @param {boolean} fresh another talk
   * @param {boolean} again another connection
   */
  opened(fresh, again) {
    if (again) this.reset();
    else if (fresh) this.talkOver();
  }

  /** Conditions of the talk are over: whether an operator has muted the room outlasts it. */
  talkOver() {
    this.#behind.clear();
    for (const topic of ['lag', 'device']) this.#note(topic, () => '');
  }

  /** Of several stages that are late, the latest counts: each says by itself when it has caught up. @param {Message} lag */
  #lag({ stage, lang = '', behind_ms }) {
    this.#behind.set(`${stage} ${lang}`, behind_ms);
    const most_ms = Math.max(...this.#behind.values());
    this.#note('lag', most_ms > 0 ? (words) => words.say('lag', { seconds: words.seconds(most_ms, 0) }) : () => '');
  }

  /** @param {Message} notice */
  #notice({ code, message }) {
    const say = (/** @type {Words} */ words) => words.notice(code, message);
    const [topic, holds] = STATES[code] ?? [];
    if (topic) this.#note(topic, holds ? say : () => '');
    else this.#note('once', say, ONCE_MS);
  }

  /** @param {string} topic @param {Say} say @param {number} [lasts_ms] */
  #note(topic, say, lasts_ms) {
    this.#topics.add(topic);
    this.#view.note(topic, say, lasts_ms);
  }
}
