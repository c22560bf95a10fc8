/** Runs on the audio thread: mono, 16 kHz, frames of 40 ms. Loaded by `capture.js` into an AudioWorklet. */

import { RATE_HZ } from '../wire/protocol.js';
import { Framer } from './framer.js';
import { Resampler } from './resample.js';

const FRAME_MS = 40;

/** @param {Float32Array[]} channels @param {number} length @returns {Float32Array} their mean */
function mixDown(channels, length) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(length);
  for (const channel of channels) {
    for (let i = 0; i < length; i += 1) mono[i] += channel[i] / channels.length;
  }
  return mono;
}

class CaptureProcessor extends AudioWorkletProcessor {
  #running = true;
  #resampler = new Resampler(sampleRate, RATE_HZ);
  #framer = new Framer((RATE_HZ * FRAME_MS) / 1000, (frame) => this.port.postMessage(frame, [frame.samples.buffer]));

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#running = false;
      this.#framer.flush();
      this.port.postMessage(null);
    };
  }

  /** @param {Float32Array[][]} inputs @param {Float32Array[][]} outputs */
  process(inputs, outputs) {
    if (!this.#running) return false;
    // A source that is gone for a moment has no channels: its silence keeps the stream in step with the clock.
    const mono = mixDown(inputs[0], outputs[0][0].length);
    this.#framer.push(this.#resampler.process(mono));
    return true;
  }
}

registerProcessor('sottovoce-capture', CaptureProcessor);
