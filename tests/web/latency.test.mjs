import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockMap } from '../../web/js/wire/clock.js';
import { LatencyLog, median, spansOf } from '../../web/js/captions/latency.js';
import { LevelTracker, levelOf } from '../../web/js/audio/level.js';

const MARKS = { capture: 1000, received: 1020, vad: 1030, asr_start: 1100, asr_end: 1400, mt_start: 1410, mt_end: 1500, sent: 1501, painted: 1530 };

test('the stages add up to the whole, whatever is missing or out of order', () => {
  for (const marks of [MARKS, { ...MARKS, mt_start: undefined, mt_end: undefined }, { ...MARKS, vad: 900 }, { capture: 1000, painted: 1530 }]) {
    const spans = spansOf(marks);
    assert.equal(spans.reduce((sum, { duration_ms }) => sum + duration_ms, 0), 530);
    assert.ok(spans.every(({ duration_ms }) => duration_ms >= 0));
    spans.reduce((at, { start_ms, duration_ms }) => (assert.equal(start_ms, at), at + duration_ms), 0);
  }
  assert.deepEqual(spansOf({ received: 1, painted: 2 }), []);
});

test('the log gives last and median per stage over its window', () => {
  const log = new LatencyLog(3);
  for (const asr of [9000, 100, 200, 600]) log.add('en', { capture: 0, asr_end: asr, painted: asr + 10 });
  const { stages, total, count } = log.summary('en');
  assert.equal(count, 3);
  assert.deepEqual(stages.get('asr_end'), { last_ms: 600, median_ms: 200 });
  assert.deepEqual(total, { last_ms: 610, median_ms: 210 });
  log.add('en', { capture: 0, asr_end: 5 });
  assert.equal(log.summary('en').count, 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('the clock trusts the shortest round trip, and is off by no more than half of it', () => {
  const clock = new ClockMap();
  assert.equal(clock.toServer(5), null);
  const offset_ms = 123_456.7;
  const exchange = (at, out, back) => clock.add(at, at + out + offset_ms, at + out + back);
  exchange(0, 400, 20);
  exchange(1000, 3, 5);
  exchange(2000, 30, 900);
  assert.equal(clock.rtt_ms, 8);
  assert.ok(Math.abs(clock.toServer(5000) - (5000 + offset_ms)) <= 4);
  for (let i = 0; i < 40; i += 1) exchange(10_000 + i, 50, 50); // the old, better one is forgotten: clocks drift
  assert.equal(clock.rtt_ms, 100);
});

test('the level is in dBFS and in one word', () => {
  const sine = (peak) => Int16Array.from({ length: 640 }, (_, i) => peak * Math.sin(i / 5));
  assert.ok(Math.abs(levelOf(sine(32_768 / 2)).rms_db - -9.03) < 0.1);
  assert.equal(levelOf(new Int16Array(640)).rms_db, -60);
  const word = (samples) => {
    const tracker = new LevelTracker();
    tracker.add(samples);
    return tracker.word;
  };
  assert.deepEqual([new Int16Array(640), sine(60), sine(3000), sine(32_767)].map(word), ['none', 'quiet', 'good', 'loud']);
});
