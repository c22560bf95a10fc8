import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Envelope, ProtocolError, decodeMessage, encodeAudioFrame } from '../../web/js/wire/protocol.js';

test('an audio frame is a little-endian uint64 position and little-endian samples', () => {
  const bytes = new Uint8Array(encodeAudioFrame(2 ** 32 + 258, Int16Array.of(1, -2, 32_767, -32_768)));
  assert.deepEqual([...bytes], [2, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0xfe, 0xff, 0xff, 0x7f, 0x00, 0x80]);
});

test('seq starts at 1 and has no gap; fields cannot take the place of the envelope', () => {
  const envelope = new Envelope();
  const sent = ['hello', 'ping', 'end'].map((type) => JSON.parse(envelope.wrap(type, { seq: 99, type: 'x' }, 5)));
  assert.deepEqual(sent.map(({ seq }) => seq), [1, 2, 3]);
  assert.deepEqual(sent.map(({ type }) => type), ['hello', 'ping', 'end']);
});

test('a message of another shape is refused, by the name of the field and without its text', () => {
  const good = { type: 'transcript', seq: 1, t_ms: 0, segment: 0, rev: 1, lang: 'es', committed: 'secreto', tail: '', final: false };
  assert.equal(decodeMessage(JSON.stringify(good)).committed, 'secreto');
  for (const field of Object.keys(good).filter((name) => name !== 'type')) {
    const bad = JSON.stringify({ ...good, [field]: null });
    assert.throws(() => decodeMessage(bad), (error) => error instanceof ProtocolError && error.message.includes(field) && !error.message.includes('secreto'));
  }
  for (const text of ['', '{', '[]', 'null', '7', '"x"']) assert.throws(() => decodeMessage(text), ProtocolError);
});

test('unknown fields and types pass, so that version 1 can grow', () => {
  assert.equal(decodeMessage('{"type":"weather","seq":1,"t_ms":0,"sun":true}').type, 'weather');
});
