import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Voice, voiceFor } from '../../web/js/audio/voice.js';

globalThis.SpeechSynthesisUtterance = class {
  constructor(text) {
    this.text = text;
  }
};

/** A device that speaks when the test says so. */
class Synthesis {
  said = [];
  cancelled = 0;
  getVoices = () => [
    { name: 'far', lang: 'de-DE', localService: false, default: true },
    { name: 'near', lang: 'de-AT', localService: true },
    { name: 'english', lang: 'en-GB', localService: true },
  ];
  speak = (utterance) => this.said.push(utterance);
  cancel = () => (this.cancelled += 1);
  finish = () => this.said.at(-1).onend();
}

const change = (append, { row = '0', column = 'de', final = false } = {}) => ({ row, column, lang: column, append, final, tail: ' vielleicht' });
const speaking = () => {
  const synthesis = new Synthesis();
  const voice = new Voice(synthesis);
  voice.setColumn('de', 'de');
  voice.turn(true);
  return { synthesis, voice };
};

test('only voices of the device itself, and of the language', () => {
  const voices = new Synthesis().getVoices();
  assert.equal(voiceFor(voices, 'de').name, 'near');
  assert.equal(voiceFor(voices, 'es'), undefined);
});

test('whole sentences of committed text are read, one after the other', () => {
  const { synthesis, voice } = speaking();
  voice.add(change('Guten'));
  assert.equal(synthesis.said.length, 0);
  voice.add(change(' Tag. Wie'));
  voice.add(change(' geht es?', { final: true }));
  assert.deepEqual(synthesis.said.map(({ text }) => text), ['Guten Tag.']);
  synthesis.finish();
  assert.deepEqual(synthesis.said.map(({ text }) => text), ['Guten Tag.', 'Wie geht es?']);
  assert.equal(synthesis.said[0].voice.name, 'near');
});

test('it is silent until it is turned on, in other columns, and when it is turned off', () => {
  const { synthesis, voice } = speaking();
  voice.add(change('Hello.', { column: 'en', final: true }));
  voice.turn(false);
  voice.add(change('Guten Tag.', { final: true }));
  assert.equal(synthesis.said.length, 0);
  assert.ok(synthesis.cancelled > 0);
});

test('far behind, it hurries, then leaves out the oldest', () => {
  const { synthesis, voice } = speaking();
  for (let n = 0; n < 20; n += 1) voice.add(change(`Satz ${n}.`, { row: String(n), final: true }));
  for (let n = 0; n < 10; n += 1) synthesis.finish();
  const said = synthesis.said.map(({ text }) => text);
  assert.deepEqual(said, ['Satz 0.', ...[14, 15, 16, 17, 18, 19].map((n) => `Satz ${n}.`)]);
  assert.ok(synthesis.said[1].rate > synthesis.said.at(-1).rate);
});
