/** Streaming sample-rate conversion for the capture worklet. */

const ZERO_CROSSINGS = 32;
/** Kaiser window: about 80 dB of stop band. */
const BETA = 7.86;
/** Middle of the transition band, as a part of the lower Nyquist frequency: 48 kHz is flat to 6.7 kHz, gone at 8 kHz. */
const ROLL_OFF = 0.92;

/** @param {number} a @param {number} b @returns {number} */
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

/** Modified Bessel function of the first kind, order zero. @param {number} x */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * Polyphase windowed-sinc resampler (Kaiser window) for any pair of whole rates.
 *
 * Output sample `k` stands for the input at time `k / outputRate` exactly; it is known half a filter (2 ms) later.
 */
export class Resampler {
  #up;
  #down;
  #half;
  /** @type {Float32Array[]} */
  #phases;
  #held;
  #count;
  #phase = 0;

  /** @param {number} inputRate hertz @param {number} outputRate hertz */
  constructor(inputRate, outputRate) {
    const common = gcd(Math.round(inputRate), outputRate);
    this.#up = outputRate / common;
    this.#down = Math.round(inputRate) / common;
    const stretch = Math.max(1, inputRate / outputRate);
    this.#half = Math.ceil(ZERO_CROSSINGS * stretch);
    this.#phases = this.#up === this.#down ? [] : this.#design(ROLL_OFF / stretch);
    this.#held = new Float32Array(2 * this.#half + 8192);
    this.#count = this.#half - 1; // silence before the first sample
  }

  /** @param {number} cutoff part of the input's Nyquist frequency */
  #design(cutoff) {
    const norm = bessel(BETA);
    return Array.from({ length: this.#up }, (_, phase) => {
      const taps = new Float32Array(2 * this.#half);
      let gain = 0;
      for (let j = 0; j < taps.length; j += 1) {
        const x = j - this.#half + 1 - phase / this.#up;
        const edge = Math.min(1, Math.abs(x) / this.#half);
        taps[j] = (sinc(cutoff * x) * bessel(BETA * Math.sqrt(1 - edge * edge))) / norm;
        gain += taps[j];
      }
      return taps.map((tap) => tap / gain);
    });
  }

  /**
   * @param {Float32Array} input the next samples
   * @returns {Float32Array} every output sample that is known by now
   */
  process(input) {
    if (this.#up === this.#down) return input;
    this.#append(input);
    const span = 2 * this.#half;
    const room = Math.max(0, this.#count - span + 1);
    const output = new Float32Array(Math.ceil((room * this.#up) / this.#down) + 1);
    let made = 0;
    let start = 0;
    while (start + span <= this.#count) {
      const taps = this.#phases[this.#phase];
      let sum = 0;
      for (let j = 0; j < span; j += 1) sum += taps[j] * this.#held[start + j];
      output[made] = sum;
      made += 1;
      this.#phase += this.#down;
      start += Math.floor(this.#phase / this.#up);
      this.#phase %= this.#up;
    }
    this.#drop(start);
    return output.subarray(0, made);
  }

  /** @param {Float32Array} input */
  #append(input) {
    if (this.#count + input.length > this.#held.length) {
      const wider = new Float32Array(2 * (this.#count + input.length));
      wider.set(this.#held.subarray(0, this.#count));
      this.#held = wider;
    }
    this.#held.set(input, this.#count);
    this.#count += input.length;
  }

  /** @param {number} used at most what is held: one step is shorter than the filter */
  #drop(used) {
    this.#held.copyWithin(0, used, this.#count);
    this.#count -= used;
  }
}
