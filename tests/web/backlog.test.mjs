import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '../../web/js/wire/backlog.js';

const frame = (position, length = 640) => ({ position, samples: new Int16Array(length).fill(position / 640 + 1) });
const drain = (backlog) => {
  const taken = [];
  for (let one = backlog.take(); one; one = backlog.take()) taken.push(one.position);
  return taken;
};

test('the backlog sends again what was not confirmed, and nothing else', () => {
  const backlog = new Backlog();
  for (let i = 0; i < 4; i += 1) backlog.push(frame(i * 640));
  assert.deepEqual(drain(backlog), [0, 640, 1280, 1920]);
  backlog.confirm(1280);
  backlog.push(frame(2560));
  backlog.resume(0);
  assert.deepEqual(drain(backlog), [1280, 1920, 2560]);
  backlog.resume(1920);
  assert.deepEqual(drain(backlog), [1920, 2560]);
});

test('another session begins at 0 with what was not confirmed', () => {
  const backlog = new Backlog();
  for (let i = 0; i < 3; i += 1) backlog.push(frame(i * 640));
  drain(backlog);
  backlog.confirm(640);
  backlog.restart();
  assert.deepEqual(drain(backlog), [0, 640]);
  backlog.push(frame(1920));
  assert.deepEqual(drain(backlog), [1280]);
});

test('the backlog is bounded, and no gap is longer than the protocol allows', () => {
  const backlog = new Backlog();
  backlog.push(frame(0));
  drain(backlog);
  backlog.confirm(640);
  const frames = (180 * 16_000) / 640;
  for (let i = 1; i < frames; i += 1) backlog.push(frame(i * 640));
  assert.ok(backlog.waiting <= 1500);
  backlog.resume(640);
  const positions = drain(backlog);
  assert.equal(positions.length, 1500);
  assert.equal(positions[0], 640 + 16_000);
  positions.reduce((before, now) => (assert.equal(now - before, 640), now));
});
