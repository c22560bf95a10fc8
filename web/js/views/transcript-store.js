/** What was read, kept in this tab until it is closed, so that a reload loses nothing. */

import { keep, open, recall } from './storage.js';

/** @typedef {import('../captions/caption-model.js').CaptionModel} CaptionModel */

const MOST_SEGMENTS = 1500;
const SAVE_MS = 5_000;

export class TranscriptStore {
  #key;
  #model;
  #resumePoint;
  #timer = 0;

  /**
   * @param {string} room
   * @param {CaptionModel} model
   * @param {() => {session: string, resume: string, last_seq: number}} resumePoint where the connection is
   */
  constructor(room, model, resumePoint) {
    this.#key = `sottovoce.read.${room}`;
    this.#model = model;
    this.#resumePoint = resumePoint;
    addEventListener('pagehide', () => this.#save());
    document.addEventListener('visibilitychange', () => document.hidden && this.#save()); // phones close without a word
  }

  /** @returns {{changes: import('../captions/caption-model.js').Change[], resumePoint: any} | null} what an earlier page of this tab left */
  load() {
    const kept = recall(this.#key, open('sessionStorage'));
    if (!kept?.seat || !isSaved(kept.texts)) return null;
    return { changes: this.#model.restore(kept.texts), resumePoint: kept.seat };
  }

  /** Something changed: it is kept soon. */
  touch() {
    this.#timer ||= setTimeout(() => this.#save(), SAVE_MS);
  }

  /** The resume point is stored as `seat`, the name that earlier versions of this page wrote. */
  #save() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    keep(this.#key, { texts: this.#model.save(MOST_SEGMENTS), seat: this.#resumePoint() }, open('sessionStorage'));
  }

  /** The reader wants it forgotten, now. */
  clear() {
    this.#model.clear();
    this.#save();
  }
}

/** Whether it has the form that `CaptionModel.save` gives: an earlier version of this page may have kept another. @param {any} texts */
function isSaved(texts) {
  const isCell = (/** @type {any} */ entry) => Array.isArray(entry) && typeof entry[1]?.committed === 'string';
  const isSegment = (/** @type {any} */ one) => Number.isInteger(one?.number) && Array.isArray(one.cells) && one.cells.every(isCell);
  return Array.isArray(texts?.logs) && Array.isArray(texts.segments) && texts.segments.every(isSegment);
}
