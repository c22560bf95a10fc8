/** Reads captions aloud with the voices of the reader's own device; nothing leaves it. */

import { SentenceBuffer } from '../captions/sentence-buffer.js';

/** More sentences than this wait: the oldest are left out, for a voice that is minutes behind helps nobody. */
const MOST_WAITING = 6;
/** From this many waiting sentences on, the voice hurries. */
const HURRY_FROM = 3;
const HURRY = 1.25;

/**
 * @param {SpeechSynthesisVoice[]} voices
 * @param {string} lang code
 * @returns {SpeechSynthesisVoice | undefined} one of the device itself: others send the text to a company's server
 */
export function voiceFor(voices, lang) {
  const own = voices.filter((voice) => voice.localService && voice.lang.toLowerCase().split(/[-_]/)[0] === lang);
  return own.find((voice) => voice.default) ?? own[0];
}

export class Voice {
  #synthesis;
  /** @type {Map<string, SentenceBuffer>} */
  #buffers = new Map();
  /** @type {string[]} */
  #waiting = [];
  /** @type {SpeechSynthesisUtterance | null} kept, for some browsers forget one that nobody holds */
  #speaking = null;
  #column = '';
  #lang = '';
  #on = false;
  rate = 1;

  /** @param {SpeechSynthesis | undefined} synthesis */
  constructor(synthesis = globalThis.speechSynthesis) {
    this.#synthesis = synthesis;
  }

  /** @param {() => void} changed called when voices come (browsers load them late) */
  onVoices(changed) {
    this.#synthesis?.addEventListener?.('voiceschanged', changed);
  }

  /** @param {string} lang @returns {boolean} */
  has(lang) {
    return voiceFor(this.#synthesis?.getVoices() ?? [], lang) !== undefined;
  }

  /** One column is read; another one begins with its next sentence. @param {string} column @param {string} lang */
  setColumn(column, lang) {
    if (column === this.#column && lang === this.#lang) return;
    this.#column = column;
    this.#lang = lang;
    this.#stop();
  }

  /** @param {boolean} on */
  turn(on) {
    this.#on = on;
    if (!on) this.#stop();
  }

  /** Only what is committed is read, sentence by sentence. @param {import('../captions/caption-model.js').Change} change */
  add({ row, column, append, final }) {
    if (!this.#on || column !== this.#column) return;
    const buffer = this.#buffers.get(row) ?? new SentenceBuffer();
    this.#buffers.set(row, buffer);
    const ready = buffer.add(append, final);
    if (final) this.#buffers.delete(row);
    if (!ready) return;
    this.#waiting.push(ready);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#next();
  }

  #next() {
    if (this.#speaking || !this.#synthesis) return;
    const voice = voiceFor(this.#synthesis.getVoices(), this.#lang);
    const text = voice && this.#waiting.shift();
    if (!text) return;
    const said = new SpeechSynthesisUtterance(text);
    said.voice = voice;
    said.lang = voice.lang;
    said.rate = this.rate * (this.#waiting.length >= HURRY_FROM ? HURRY : 1);
    const done = () => {
      if (this.#speaking !== said) return;
      this.#speaking = null;
      this.#next();
    };
    said.onend = done;
    said.onerror = done;
    this.#speaking = said;
    this.#synthesis.speak(said);
  }

  #stop() {
    this.#waiting = [];
    this.#buffers.clear();
    this.#speaking = null;
    this.#synthesis?.cancel();
  }
}
