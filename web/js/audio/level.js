/** How loud the input is. No DOM. */

const FULL_SCALE = 32_768;
const FLOOR_DB = -60;
/** Silence of an open microphone lies near -60 dBFS, speech near -30. */
const QUIET_DB = -45;
const CLIPPED = 32_700;
/** Nothing at all for so many frames, some seconds, is no pause in the speech: the microphone is muted. */
const SILENT_FRAMES = 100;

/**
 * @param {Int16Array} samples
 * @returns {{rms_db: number, clipped: boolean}} dBFS, not below -60
 */
export function levelOf(samples) {
  let sum = 0;
  let peak = 0;
  for (const sample of samples) {
    sum += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  const rms = Math.sqrt(sum / Math.max(1, samples.length)) / FULL_SCALE;
  return { rms_db: Math.max(FLOOR_DB, 20 * Math.log10(rms)), clipped: peak >= CLIPPED };
}

/** Smoothed level, fast up and slow down, and what it means in one word. */
export class LevelTracker {
  #db = FLOOR_DB;
  #heldDb = FLOOR_DB;
  #clippedFrames = 0;
  #zeroFrames = Infinity;

  /** @param {Int16Array} samples one frame of about 40 ms */
  add(samples) {
    const { rms_db, clipped } = levelOf(samples);
    this.#zeroFrames = rms_db > FLOOR_DB ? 0 : this.#zeroFrames + 1;
    this.#db = rms_db > this.#db ? rms_db : this.#db + 0.2 * (rms_db - this.#db);
    this.#heldDb = Math.max(rms_db, this.#heldDb - 0.4); // falls 10 dB a second
    this.#clippedFrames = clipped ? 25 : Math.max(0, this.#clippedFrames - 1);
  }

  /** 0 (silence) to 1 (full scale). */
  get fraction() {
    return Math.max(0, Math.min(1, 1 - this.#db / FLOOR_DB));
  }

  /** @returns {'none' | 'quiet' | 'good' | 'loud'} */
  get word() {
    if (this.#zeroFrames > SILENT_FRAMES) return 'none';
    if (this.#clippedFrames > 0) return 'loud';
    return this.#heldDb < QUIET_DB ? 'quiet' : 'good';
  }
}
