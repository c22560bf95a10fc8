/** Buttons that take the transcript away: to the clipboard, or as a file made in the browser. */

import { FORMATS, asText, fileName, linesOf } from '../captions/export.js';
import { copyText } from './clipboard.js';

/** How long a button's word about what it did is shown. */
const TOLD_MS = 6_000;

/**
 * @typedef {object} Transcript what is taken
 * @property {import('../captions/caption-model.js').Segment[]} segments
 * @property {string} column
 * @property {string} room
 */

export class TranscriptTools {
  #hint;
  #take;
  #usual = 'transcript_kept';
  #timer = 0;
  /** @type {import('../strings/i18n.js').Words | null} */
  #words = null;

  /**
   * @param {HTMLElement} box with `[data-copy]` and `[data-export=ENDING]` buttons
   * @param {HTMLElement} hint a status line
   * @param {() => Transcript} take
   * @param {string} [usual] key of what the hint says otherwise
   */
  constructor(box, hint, take, usual = 'transcript_kept') {
    this.#hint = hint;
    this.#take = take;
    this.#usual = usual;
    box.querySelector('[data-copy]')?.addEventListener('click', () => this.#copy());
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll('[data-export]'))) {
      button.addEventListener('click', () => this.#save(button.dataset.export ?? ''));
    }
  }

  /** @param {import('../strings/i18n.js').Words} words */
  setWords(words) {
    this.#words = words;
    this.#say(this.#usual);
  }

  /** Says for some seconds what was done. @param {string} key */
  tell(key) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(this.#usual), TOLD_MS);
    this.#say(key);
  }

  async #copy() {
    const lines = this.#lines();
    if (lines) this.tell((await copyText(asText(lines))) ? 'copied' : 'copy_failed');
  }

  /** @param {string} ending */
  #save(ending) {
    const lines = this.#lines();
    if (!lines) return;
    const { column, room } = this.#take();
    const { type, write } = FORMATS[/** @type {keyof typeof FORMATS} */ (ending)];
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([write(lines)], { type: `${type};charset=utf-8` }));
    link.download = fileName(room, column, ending, new Date());
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the download reads it after the click
    this.tell('saved');
  }

  /** `null`: there is nothing yet, and that is told. */
  #lines() {
    const { segments, column } = this.#take();
    const lines = linesOf(segments, column);
    if (lines.length > 0) return lines;
    this.tell('transcript_empty');
    return null;
  }

  /** @param {string} key */
  #say(key) {
    this.#hint.textContent = this.#words?.say(key) ?? '';
  }
}
