import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Words } from '../../web/js/strings/i18n.js';
import { bestOf, grouped, targetsOf } from '../../web/js/wire/languages.js';

test('what most people look for comes first, with the reader’s own languages, in the order given', () => {
  const codes = ['yo', 'de', 'ca', 'en', 'pt', 'ba'];
  assert.deepEqual(grouped(codes, ['ca-ES', 'en']), { common: ['de', 'ca', 'en', 'pt'], more: ['yo', 'ba'] });
  assert.deepEqual(grouped(['en'], []), { common: ['en'], more: [] });
});

test('a language without a name in this browser has the server’s', () => {
  const names = new Map();
  const words = new Words('de', {}, names);
  assert.equal(words.languageName('qqx'), 'qqx');
  names.set('qqx', 'Klingon').set('de', 'German').set('no tag', 'Elvish');
  assert.equal(words.languageName('qqx'), 'Klingon');
  assert.equal(words.languageName('no tag'), 'Elvish');
  assert.equal(words.languageName('de'), 'Deutsch');
});

test('targets of a language, or of any where it is to be detected, never itself', () => {
  const languages = { sources: ['de', 'es'], targets: { de: ['en', 'de'], es: ['en', 'fr'] }, names: new Map() };
  assert.deepEqual(targetsOf(languages, 'de'), ['en']);
  assert.deepEqual(targetsOf(languages, 'auto'), ['en', 'de', 'fr']);
  assert.deepEqual(targetsOf(languages, 'ja'), []);
});

test('the first language of the reader that can be read is taken', () => {
  assert.equal(bestOf(['ca-ES', 'de-AT', 'en'], ['en', 'de']), 'de');
  assert.equal(bestOf(['pt-BR', 'en'], ['en', 'pt']), 'pt');
  assert.equal(bestOf(['ca'], ['en']), undefined);
});
