import assert from 'node:assert/strict';
import { test } from 'node:test';

import { typeset } from '../../web/js/captions/typeset.js';

test('in French no mark is left alone on a line', () => {
  assert.equal(typeset('Ça va ? Oui ! « Bien » : voilà ; fin.', 'fr'), 'Ça va\u202f? Oui\u202f! «\u00a0Bien\u00a0»\u00a0: voilà\u202f; fin.');
  assert.equal(typeset(' ?', 'fr-CA'), '\u202f?');
  assert.equal(typeset('À 10:30, rien.', 'fr'), 'À 10:30, rien.');
});

test('other languages are left as they are', () => {
  for (const lang of ['en', 'es', 'de', 'pt', 'fry', '']) assert.equal(typeset('So ? « a »', lang), 'So ? « a »');
});
