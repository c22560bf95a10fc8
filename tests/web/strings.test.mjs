import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Words, ownName, pickLanguage } from '../../web/js/strings/i18n.js';
import { SAMPLES } from '../../web/js/audio/sample.js';
import { UI_LANGUAGES, loadStrings } from '../../web/js/strings/load.js';

const WEB = new URL('../../web/', import.meta.url);
const PAGES = readdirSync(WEB).filter((name) => name.endsWith('.html'));
const read = (name) => readFileSync(new URL(name, WEB), 'utf8');
const pages = Object.fromEntries(PAGES.map((name) => [name, read(name)]));
const tables = Object.fromEntries(await Promise.all(UI_LANGUAGES.map(async (one) => [one, await loadStrings(one, 'install')])));
const ENGLISH = tables.en;
/** Strings that are right as they are in English: names of systems, and words that a language has too. */
const NAMES = ['settings_summary', 'install_android', 'install_windows', 'install_mac', 'install_linux'];
const SHARED = { de: ['start', 'latency_median', 'state_reading'], fr: ['microphone', 'invitations'] };

for (const [language, table] of Object.entries(tables)) {
  test(`${language} says everything, with the same places`, () => {
    assert.deepEqual(Object.keys(table).sort(), Object.keys(ENGLISH).sort());
    const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(ENGLISH)) {
      assert.deepEqual(places(table[key]), places(ENGLISH[key]), key);
      assert.notEqual(table[key].trim(), '', key);
    }
  });
}

for (const [language, table] of Object.entries(tables).slice(1)) {
  test(`${language} has no English left`, () => {
    const same = Object.keys(ENGLISH).filter((key) => table[key] === ENGLISH[key]);
    assert.deepEqual(same.sort(), [...NAMES, ...(SHARED[language] ?? [])].sort());
  });
}

test('every language of the page has a sample, with its source', () => {
  assert.deepEqual(Object.keys(SAMPLES).sort(), [...UI_LANGUAGES].sort());
  for (const [language, url] of Object.entries(SAMPLES)) {
    assert.equal(readFileSync(url, 'latin1').slice(0, 4), 'fLaC');
    assert.match(read('samples/ATTRIBUTION.txt'), new RegExp(`^${language}\\.flac, `, 'm'));
  }
});

const scripts = readdirSync(new URL('js/', WEB), { recursive: true }).filter((name) => name.endsWith('.js') && !name.startsWith('strings'));
const code = scripts.map((name) => read(`js/${name}`)).join('\n');

test('every string that the pages name exists', () => {
  const marked = Object.values(pages).flatMap((html) => [...html.matchAll(/data-i18n(?:-label)?="(\w+)"/g)].map((match) => match[1]));
  const problems = [...code.matchAll(/new Problem\('(\w+)'/g)].map((match) => `problem.${match[1]}`);
  const said = [...code.matchAll(/\bsay\('([\w.]+)'/g)].map((match) => match[1]);
  const states = [...code.matchAll(/(?:setState|showState|[^.]\bstate)\('(\w+)'/g)].map((match) => `state_${match[1]}`);
  assert.ok(marked.length > 60 && problems.length > 3 && said.length > 20 && states.length > 5);
  for (const key of [...marked, ...said, ...states, ...problems, ...problems.map((name) => `${name}.do`)]) {
    assert.ok(key in ENGLISH, key);
  }
});

test('every string is used', () => {
  const everything = Object.values(pages).join('\n') + code;
  const built = /^(problem|notice|state|level|stage|room|invited|theme)[._]/;
  const unused = Object.keys(ENGLISH).filter((key) => !built.test(key) && !new RegExp(`['"]${key}['"]`).test(everything));
  assert.deepEqual(unused, []);
});

for (const [name, html] of Object.entries(pages)) {
  test(`${name} has no inline script, style or handler, and names no other host`, () => {
    assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:\/\/|javascript:|data:/i);
  });
}

test('the best of the reader’s languages is picked, or English', () => {
  assert.equal(pickLanguage(['', 'ca-ES', 'de-AT', 'fr']), 'de');
  assert.equal(pickLanguage(['pt-BR', 'en']), 'pt');
  assert.equal(pickLanguage(['xx']), 'en');
  assert.equal(new Words('de', tables.de).languageName('es'), 'Spanisch');
  const portuguese = new Words('pt', tables.pt);
  assert.equal(portuguese.languageName('en'), 'inglês');
  assert.deepEqual([portuguese.seconds(1250), portuguese.milliseconds(1459.6)], ['1,25 s', '1.460 ms']);
  assert.equal(portuguese.milliseconds(2.96, 1), '3,0 ms');
  assert.equal(new Words('en', ENGLISH).languageName('auto'), ENGLISH.auto);
});

test('languages are offered by their own names', () => {
  assert.equal(ownName('de'), 'Deutsch');
  assert.equal(ownName('pt'), 'Português');
  assert.equal(ownName('zz', new Map([['zz', 'Zzz']])), 'Zzz');
  assert.equal(ownName('not a code'), 'not a code');
});
