import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptionModel, SPOKEN } from '../../web/js/captions/caption-model.js';
import { SentenceBuffer } from '../../web/js/captions/sentence-buffer.js';

const transcript = (segment, rev, committed, tail = '', final = false) => ({ type: 'transcript', segment, rev, lang: 'es', committed, tail, final, start_ms: segment * 1000, end_ms: segment * 1000 + 900 });
const translation = (segment, rev, committed, lang = 'en') => ({ type: 'translation', segment, rev, lang, committed, tail: '', final: false });
const entered = (log = 'a', options) => {
  const model = new CaptionModel(options);
  model.enter({ log });
  return model;
};
const texts = (model, column) => model.segments.map(({ cells }) => cells.get(column)?.committed);

test('only the new part of committed text is handed on', () => {
  const model = entered();
  assert.deepEqual(model.apply(transcript(0, 1, 'Hoy', ' en día'))[0], {
    row: '0:0', order: 0, column: SPOKEN, lang: 'es', append: 'Hoy', tail: ' en día', final: false, own: false, broken: false,
  });
  assert.equal(model.apply(transcript(0, 2, 'Hoy en', ' día'))[0].append, ' en');
  assert.equal(model.apply(transcript(0, 3, 'Hoy en día.', '', true))[0].append, ' día.');
});

test('old, repeated and late revisions change nothing', () => {
  const model = entered();
  model.apply(transcript(0, 2, 'Hoy'));
  assert.deepEqual(model.apply(transcript(0, 2, 'Hoy')), []);
  assert.deepEqual(model.apply(transcript(0, 1, '')), []);
  model.apply(transcript(0, 3, 'Hoy.', '', true));
  assert.deepEqual(model.apply(transcript(0, 4, 'Hoy. No')), []);
});

test('committed text that a server takes back stands, and is told', () => {
  const model = entered();
  model.apply(transcript(0, 1, 'Hoy en'));
  const [change] = model.apply(transcript(0, 2, 'Ayer', ' fue'));
  assert.equal(change.broken, true);
  assert.equal(change.append, '');
  assert.equal(model.apply(transcript(0, 3, 'Hoy en día'))[0].append, ' día');
});

test('what is shown stands while a translation fails, and its final commits it', () => {
  const model = entered();
  const draft = (rev, committed, tail, final = false) => ({ ...translation(0, rev, committed), tail, final });
  model.apply(draft(1, 'Today', ' people'));
  // After a failure of the engine the server repeats nothing, or sends what it sent; never an empty tail.
  assert.equal(model.apply(draft(2, 'Today', ' people'))[0].tail, ' people');
  const [last] = model.apply(draft(3, 'Today people', '', true));
  assert.deepEqual([last.append, last.tail, last.broken], [' people', '', false]);
  assert.deepEqual(texts(model, 'en'), ['Today people']);
});

test('a tail that the server takes back goes, and what is committed stands', () => {
  const model = entered();
  model.apply({ ...translation(0, 1, 'Today'), tail: ' people' });
  const [change] = model.apply(translation(0, 2, 'Today'));
  assert.deepEqual([change.append, change.tail], ['', '']);
  assert.deepEqual(texts(model, 'en'), ['Today']);
});

test('a transcript is what readers of its language read', () => {
  const model = entered();
  assert.deepEqual(model.apply(transcript(0, 1, 'Hoy')).map(({ column, own }) => [column, own]), [[SPOKEN, false], ['es', true]]);
  model.apply(translation(0, 1, 'Today'));
  assert.deepEqual(['es', 'en', SPOKEN].map((column) => texts(model, column)[0]), ['Hoy', 'Today', 'Hoy']);
  assert.deepEqual(model.apply(translation(0, 1, 'Hoy', 'es')), [], 'the same words once more');
});

test('a language that was detected anew before anything was committed gives its column away', () => {
  const model = entered();
  model.apply(transcript(0, 1, '', 'Hoy'));
  model.apply({ ...transcript(0, 2, 'Today'), lang: 'en' });
  assert.equal(model.apply(translation(0, 1, 'Hoy', 'es'))[0].append, 'Hoy');
});

test('segments run on over sessions of one log; another log stands below', () => {
  const model = entered('a');
  const first = model.apply(transcript(4, 1, 'Uno'))[0];
  model.enter({ log: 'a', session: 'another' });
  assert.deepEqual(model.apply(transcript(4, 1, 'Uno')), [], 'the same segment');
  model.enter({ log: 'b' });
  const third = model.apply(transcript(0, 1, 'Tres'))[0];
  model.enter({ log: 'a' });
  const second = model.apply(transcript(5, 1, 'Dos'))[0];
  assert.ok(first.order < second.order && second.order < third.order);
  assert.deepEqual(texts(model, SPOKEN), ['Uno', 'Dos', 'Tres']);
});

test('a server that does not name its log is known by its session', () => {
  const model = entered();
  model.enter({ session: 's1' });
  model.apply(transcript(0, 1, 'Uno'));
  model.enter({ session: 's2' });
  assert.equal(model.apply(transcript(0, 1, 'Dos'))[0].append, 'Dos');
});

test('a snapshot repeats what is known and adds what is not', () => {
  const model = entered();
  model.apply(transcript(0, 1, 'Hoy'));
  const changes = model.applySnapshot({ segments: [transcript(0, 1, 'Hoy'), transcript(0, 2, 'Hoy en'), transcript(1, 1, 'No')] });
  assert.deepEqual(changes.filter(({ column }) => column === SPOKEN).map(({ append }) => append), [' en', 'No']);
});

test('what was saved comes back, and goes on where it was', () => {
  const model = entered('old');
  model.apply(transcript(7, 1, 'Antes.', '', true));
  model.enter({ log: 'new' });
  model.apply(transcript(0, 3, 'Hoy', ' en'));
  model.apply(translation(0, 1, 'Today'));
  const saved = JSON.parse(JSON.stringify(model.save(100)));
  const again = new CaptionModel();
  const shown = again.restore(saved).filter(({ column }) => column === SPOKEN);
  assert.deepEqual(shown.map(({ append }) => append), ['Antes.', 'Hoy']);
  again.enter({ log: 'new' });
  assert.deepEqual(again.apply(transcript(0, 3, 'Hoy')), []);
  assert.equal(again.apply(transcript(0, 4, 'Hoy en'))[0].append, ' en');
  assert.deepEqual(texts(again, SPOKEN), ['Antes.', 'Hoy en']);
  assert.equal(model.save(1).segments.length, 1);
});

test('what was forgotten is in nothing that is kept, and does not come back', () => {
  const model = entered();
  model.apply(transcript(0, 1, 'Un secreto'));
  model.clear();
  assert.doesNotMatch(JSON.stringify(model.save(100)), /secreto/);
  assert.equal(model.apply(transcript(0, 2, 'Un secreto y más'))[0].append, ' y más');
  const again = new CaptionModel();
  again.restore(JSON.parse(JSON.stringify(model.save(100))));
  again.enter({ log: 'a' });
  assert.deepEqual(again.apply(transcript(0, 2, 'Un secreto y más')), []);
});

test('a model that runs for months is bounded', () => {
  const model = entered('a', { most: 10 });
  for (let segment = 0; segment < 100; segment += 1) model.apply(transcript(segment, 1, 'x', '', true));
  assert.equal(model.segments.length, 10);
  assert.equal(model.segments[9].number, 99);
});

test('what is announced adds up to what is committed, sentence by sentence', () => {
  const buffer = new SentenceBuffer();
  assert.equal(buffer.add('Hoy en', false), '');
  assert.equal(buffer.add(' día. No', false), 'Hoy en día.');
  assert.equal(buffer.add(' tienen 3.5', false), '');
  assert.equal(buffer.add(' euros', true), 'No tienen 3.5 euros');
  assert.equal(buffer.add('', true), '');
});
