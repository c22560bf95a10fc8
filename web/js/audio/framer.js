/** Cuts a stream of float samples into frames of signed 16-bit samples with their positions. */

/** @typedef {import('../wire/protocol.js').AudioFrame} AudioFrame */

export class Framer {
  #frame;
  #filled = 0;
  #position = 0;
  #emit;

  /** @param {number} length samples of a frame @param {(frame: AudioFrame) => void} emit */
  constructor(length, emit) {
    this.#frame = new Int16Array(length);
    this.#emit = emit;
  }

  /** @param {Float32Array} samples in [-1, 1]; louder ones are clipped */
  push(samples) {
    for (const sample of samples) {
      this.#frame[this.#filled] = Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
      this.#filled += 1;
      if (this.#filled === this.#frame.length) this.flush();
    }
  }

  /** Sends what is left, however short. */
  flush() {
    if (this.#filled === 0) return;
    this.#emit({ position: this.#position, samples: this.#frame.slice(0, this.#filled) });
    this.#position += this.#filled;
    this.#filled = 0;
  }
}
