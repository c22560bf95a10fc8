import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptionModel, SPOKEN, SentenceGatherer } from '../../web/js/captions.js';

const transcript = (segment, rev, committed, tail = '', final = false) => ({ type: 'transcript', segment, rev, lang: 'es', committed, tail, final });

test('only the new part of committed text is handed on', () => {
  const model = new CaptionModel();
  assert.deepEqual(model.apply(transcript(0, 1, 'Hoy', ' en día')), {
    row: '0', order: 0, lane: SPOKEN, lang: 'es', append: 'Hoy', tail: ' en día', final: false, broken: false,
  });
  assert.equal(model.apply(transcript(0, 2, 'Hoy en', ' día')).append, ' en');
  assert.equal(model.apply(transcript(0, 3, 'Hoy en día.', '', true)).append, ' día.');
});

test('old, repeated and late revisions change nothing', () => {
  const model = new CaptionModel();
  model.apply(transcript(0, 2, 'Hoy'));
  assert.equal(model.apply(transcript(0, 2, 'Hoy')), null);
  assert.equal(model.apply(transcript(0, 1, '')), null);
  model.apply(transcript(0, 3, 'Hoy.', '', true));
  assert.equal(model.apply(transcript(0, 4, 'Hoy. No')), null);
});

test('committed text that a server takes back stands, and is told', () => {
  const model = new CaptionModel();
  model.apply(transcript(0, 1, 'Hoy en'));
  const change = model.apply(transcript(0, 2, 'Ayer', ' fue'));
  assert.equal(change.broken, true);
  assert.equal(change.append, '');
  assert.equal(model.apply(transcript(0, 3, 'Hoy en día')).append, ' día');
});

test('languages and sessions keep apart', () => {
  const model = new CaptionModel();
  const spoken = model.apply(transcript(0, 1, 'Hoy'));
  const english = model.apply({ ...transcript(0, 1, 'Today'), type: 'translation', lang: 'en' });
  assert.equal(spoken.row, english.row);
  assert.notEqual(spoken.lane, english.lane);
  model.newSession();
  const next = model.apply(transcript(0, 1, 'Mañana'));
  assert.equal(next.append, 'Mañana');
  assert.ok(next.order > spoken.order);
});

test('a snapshot repeats what is known and adds what is not', () => {
  const model = new CaptionModel();
  model.apply(transcript(0, 1, 'Hoy'));
  const changes = model.applySnapshot({ segments: [transcript(0, 1, 'Hoy'), transcript(0, 2, 'Hoy en'), transcript(1, 1, 'No')] });
  assert.deepEqual(changes.map(({ append }) => append), [' en', 'No']);
});

test('what is announced adds up to what is committed, sentence by sentence', () => {
  const gatherer = new SentenceGatherer();
  assert.equal(gatherer.add('Hoy en', false), '');
  assert.equal(gatherer.add(' día. No', false), 'Hoy en día.');
  assert.equal(gatherer.add(' tienen 3.5', false), '');
  assert.equal(gatherer.add(' euros', true), 'No tienen 3.5 euros');
  assert.equal(gatherer.add('', true), '');
});
