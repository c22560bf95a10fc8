import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Words, pickLanguage } from '../../web/js/i18n.js';
import { STRINGS } from '../../web/js/strings.js';

const WEB = new URL('../../web/', import.meta.url);
const html = readFileSync(new URL('index.html', WEB), 'utf8');

for (const [language, table] of Object.entries(STRINGS)) {
  test(`${language} says everything, with the same places`, () => {
    assert.deepEqual(Object.keys(table).sort(), Object.keys(STRINGS.en).sort());
    const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(STRINGS.en)) {
      assert.deepEqual(places(table[key]), places(STRINGS.en[key]), key);
      assert.notEqual(table[key].trim(), '', key);
    }
  });
}

test('every string that the page and its problems name exists', () => {
  const named = [...html.matchAll(/data-i18n(?:-label)?="(\w+)"/g)].map((match) => match[1]);
  assert.ok(named.length > 20);
  const scripts = readdirSync(new URL('js/', WEB)).filter((name) => name.endsWith('.js'));
  const code = scripts.map((name) => readFileSync(new URL(`js/${name}`, WEB), 'utf8')).join('\n');
  const problems = [...code.matchAll(/new Problem\('(\w+)'/g)].map((match) => `problem.${match[1]}`);
  assert.ok(problems.length > 3);
  for (const key of [...named, ...problems, ...problems.map((name) => `${name}.do`)]) assert.ok(key in STRINGS.en, key);
});

test('the page has no inline script, style or handler, and names no other host', () => {
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:\/\/|javascript:|data:/i);
});

test('the best of the reader’s languages is picked, or English', () => {
  assert.equal(pickLanguage(['', 'ca-ES', 'de-AT', 'fr']), 'de');
  assert.equal(pickLanguage(['xx']), 'en');
  assert.equal(new Words('de').languageName('es'), 'Spanisch');
  assert.equal(new Words('en').languageName('auto'), STRINGS.en.auto);
});
