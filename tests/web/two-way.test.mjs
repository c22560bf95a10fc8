import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TwoWay, firstPair, spokenOrRead } from '../../web/js/pages/two-way.js';

const LANGUAGES = { sources: ['en', 'es', 'ja'], targets: { es: ['en'] }, names: new Map(), natives: new Map() };

test('the address decides, then the reader’s languages; the two are never the same', () => {
  const possible = ['de', 'en', 'es'];
  assert.deepEqual(firstPair(['es', 'de'], possible, ['en']), { near: 'es', far: 'de' });
  assert.deepEqual(firstPair([], possible, ['de-AT', 'en']), { near: 'de', far: 'en' });
  assert.deepEqual(firstPair(['ja', 'en'], possible, ['en']), { near: 'en', far: 'es' });
  const { near, far } = firstPair([], ['de', 'fr'], ['xx']);
  assert.notEqual(near, far);
});

test('both languages are heard and read; a button gives the word, pressed again gives it to whoever speaks', () => {
  const pair = new TwoWay({ near: 'en', far: 'es' }, LANGUAGES);
  assert.deepEqual(pair.choice, { source: 'auto', allowed_sources: ['en', 'es'], targets: ['en', 'es'], mode: 'fast' });
  pair.give('far');
  assert.equal(pair.source, 'es');
  pair.give('near');
  assert.equal(pair.source, 'en');
  pair.give('near');
  assert.equal(pair.source, 'auto');
});

test('who chooses the other’s language changes places', () => {
  const pair = new TwoWay({ near: 'en', far: 'es' }, LANGUAGES);
  pair.assign('near', 'es');
  assert.deepEqual([pair.language('near'), pair.language('far')], ['es', 'en']);
});

test('a way that nothing translates is told, and not asked for where the server would refuse', () => {
  const pair = new TwoWay({ near: 'en', far: 'es' }, LANGUAGES);
  assert.deepEqual(pair.missing, [{ source: 'en', target: 'es' }]);
  pair.give('near');
  assert.deepEqual(pair.choice.targets, ['en']);
  pair.give('far');
  assert.deepEqual(pair.choice.targets, ['en', 'es']);
});

test('a language is offered when it is heard here, and translated from or into', () => {
  assert.deepEqual(spokenOrRead(LANGUAGES), ['en', 'es']);
});
