/** Who of two people speaks, and in which language. No DOM. */

import { keep, recall } from '../views/storage.js';
import { codeOf, targetsOf } from '../wire/languages.js';
import { AUTO, MODE } from '../wire/protocol.js';

/** @typedef {'near' | 'far'} Side */
/** @typedef {import('../wire/speaker-session.js').Choice} Choice */

const KEY = 'sottovoce.talk';

/**
 * The two languages at first.
 * @param {string[]} asked by the address
 * @param {string[]} possible codes that can be heard and read
 * @param {readonly string[]} preferred of the reader
 * @returns {Record<Side, string>}
 */
export function firstPair(asked, possible, preferred) {
  const kept = recall(KEY) ?? {};
  const wanted = [...asked, kept.near, kept.far, ...preferred.map(codeOf), 'en', 'es'];
  const [near = 'en', far = 'es'] = [...new Set(wanted.filter((code) => possible.includes(code))), ...possible];
  return { near, far: far === near ? (possible.find((code) => code !== near) ?? far) : far };
}

/**
 * Languages that somebody may speak or read in a conversation: heard here, and translated from or into.
 * @param {import('../wire/languages.js').Languages} languages
 * @returns {string[]}
 */
export function spokenOrRead(languages) {
  const read = targetsOf(languages, AUTO);
  return languages.sources.filter((code) => read.includes(code) || targetsOf(languages, code).length > 0);
}

export class TwoWay {
  #languages;
  #pair;
  /** @type {Side | null} */
  #speaking = null;

  /** @param {Record<Side, string>} pair @param {import('../wire/languages.js').Languages} languages */
  constructor(pair, languages) {
    this.#languages = languages;
    this.#pair = { ...pair };
  }

  /** @param {Side} side */
  language(side) {
    return this.#pair[side];
  }

  /** Who has the word; `null`: whoever speaks, the language is detected. */
  get speaking() {
    return this.#speaking;
  }

  /** @returns {string} what recognition is to expect */
  get source() {
    return this.#speaking ? this.#pair[this.#speaking] : AUTO;
  }

  /** @returns {Choice} of the one session in which both speak */
  get choice() {
    const both = [this.#pair.near, this.#pair.far];
    const { source } = this;
    const targets = source === AUTO ? both : both.filter((code) => code === source || this.#leads(source, code));
    return { source, allowed_sources: both, targets, mode: MODE.FAST };
  }

  /** Ways that no installed translation goes. @returns {{source: string, target: string}[]} */
  get missing() {
    const { near, far } = this.#pair;
    const ways = [{ source: near, target: far }, { source: far, target: near }];
    return ways.filter(({ source, target }) => !this.#leads(source, target));
  }

  /** @param {string} source @param {string} target */
  #leads(source, target) {
    return targetsOf(this.#languages, source).includes(target);
  }

  /** The other side's language changes places where somebody chooses it. @param {Side} side @param {string} code */
  assign(side, code) {
    const other = side === 'near' ? 'far' : 'near';
    if (this.#pair[other] === code) this.#pair[other] = this.#pair[side];
    this.#pair[side] = code;
    keep(KEY, this.#pair);
  }

  /** Pressing a side's button once more gives the word to whoever speaks. @param {Side | null} side */
  give(side) {
    this.#speaking = this.#speaking === side ? null : side;
  }
}
