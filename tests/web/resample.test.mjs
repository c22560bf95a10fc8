import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Framer } from '../../web/js/audio/framer.js';
import { Resampler } from '../../web/js/audio/resample.js';

const OUT = 16_000;

function tone(rate, hz, seconds) {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
}

function resample(rate, input, block = 128) {
  const resampler = new Resampler(rate, OUT);
  const output = [];
  for (let i = 0; i < input.length; i += block) output.push(...resampler.process(input.subarray(i, i + block)));
  return output;
}

const rms = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

for (const rate of [8_000, 16_000, 22_050, 44_100, 48_000, 96_000]) {
  test(`${rate} Hz: a tone keeps its phase and amplitude`, () => {
    const hz = 1_000;
    const output = resample(rate, tone(rate, hz, 0.5));
    assert.ok(Math.abs(output.length - 0.5 * OUT) < 0.01 * OUT, `${output.length} samples`);
    const inner = output.slice(800, -800);
    const error = inner.map((value, i) => value - Math.sin((2 * Math.PI * hz * (i + 800)) / OUT));
    assert.ok(rms(error) < 1e-3, `error ${rms(error)}`);
  });
}

for (const [rate, hz] of [[48_000, 8_600], [48_000, 15_000], [44_100, 9_000], [96_000, 20_000]]) {
  test(`${rate} Hz: ${hz} Hz does not fold back`, () => {
    const inner = resample(rate, tone(rate, hz, 0.3)).slice(800, -800);
    assert.ok(20 * Math.log10(rms(inner) * Math.SQRT2) < -70, `${20 * Math.log10(rms(inner))} dB`);
  });
}

test('the sizes of the blocks make no difference', () => {
  const input = Float32Array.from({ length: 9_001 }, (_, i) => Math.sin(i * i * 1e-5));
  assert.deepEqual(resample(44_100, input, 128), resample(44_100, input, 3_001));
});

test('frames are whole, continuous and clipped, and the last one is short', () => {
  const frames = [];
  const framer = new Framer(640, (frame) => frames.push(frame));
  framer.push(new Float32Array(1_000).fill(2));
  framer.push(new Float32Array(1_000).fill(-2));
  framer.flush();
  framer.flush();
  assert.deepEqual(frames.map(({ position, samples }) => [position, samples.length]), [[0, 640], [640, 640], [1280, 640], [1920, 80]]);
  assert.equal(frames[0].samples[0], 32_767);
  assert.equal(frames[3].samples[0], -32_767);
});
