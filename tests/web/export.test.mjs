import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptionModel, SPOKEN } from '../../web/js/captions/caption-model.js';
import { asSrt, asText, asVtt, cuesOf, fileName, linesOf } from '../../web/js/captions/export.js';

const LONG = 'Heutzutage schreiben die Leute Nachrichten auf ihren Bildschirmen und kommen kaum je in die Nähe eines Anspitzers, denn sie haben keinen.';

function talk(...segments) {
  const model = new CaptionModel();
  model.enter({ log: 'a' });
  model.setZero(1_700_000_000_000);
  for (const [segment, start_ms, end_ms, text, english = ''] of segments) {
    model.apply({ type: 'transcript', segment, rev: 1, lang: 'de', committed: text, tail: ' nie', final: false, start_ms, end_ms });
    if (english) model.apply({ type: 'translation', segment, rev: 1, lang: 'en', committed: english, tail: '', final: true });
  }
  return model.segments;
}

test('text holds a paragraph per segment, only what is committed', () => {
  const segments = talk([0, 5000, 6500, ' Guten  Tag.', 'Hello.'], [1, 7000, 9000, 'Zwei', '']);
  assert.equal(asText(linesOf(segments, 'en')), 'Hello.\n');
  assert.equal(asText(linesOf(segments, SPOKEN)), 'Guten Tag.\n\nZwei\n');
  assert.equal(asText(linesOf(segments, 'fr')), '');
});

test('subtitles begin at zero and carry the times of what was spoken', () => {
  const segments = talk([0, 5000, 6500, 'Guten Tag.', 'Hello.'], [1, 3_605_000, 3_607_250, 'Bis später.', 'See you.']);
  assert.equal(
    asSrt(linesOf(segments, 'en')),
    '1\n00:00:00,000 --> 00:00:01,500\nHello.\n\n2\n01:00:00,000 --> 01:00:02,250\nSee you.\n',
  );
  assert.equal(
    asVtt(linesOf(segments, SPOKEN)),
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGuten Tag.\n\n01:00:00.000 --> 01:00:02.250\nBis später.\n',
  );
});

test('long segments become cues of two lines of 42 columns that lose no word', () => {
  const cues = cuesOf([{ start_ms: 0, end_ms: 9000, text: LONG }]);
  assert.ok(cues.length > 1);
  for (const { text } of cues) {
    assert.ok(text.split('\n').length <= 2);
    for (const line of text.split('\n')) assert.ok(line.length <= 42, line);
  }
  assert.equal(cues.map(({ text }) => text.replace('\n', ' ')).join(' '), LONG);
  assert.equal(cues[0].start_ms, 0);
  assert.equal(cues.at(-1).end_ms, 9000);
  cues.slice(1).forEach((cue, n) => assert.equal(cue.start_ms, cues[n].end_ms));
});

test('Chinese, which has no spaces, is broken too', () => {
  const text = '今天我们在这里讨论一个非常重要的问题'.repeat(4);
  const cues = cuesOf([{ start_ms: 0, end_ms: 9000, text }]);
  assert.ok(cues.length > 1);
  assert.equal(cues.map((cue) => cue.text.replaceAll('\n', '')).join(''), text);
});

test('sessions whose clocks are not known stand one after the other', () => {
  const segments = talk([0, 50_000, 51_000, 'Eins'], [1, 100, 1100, 'Zwei'], [2, Number.NaN, Number.NaN, 'Drei']);
  const lines = linesOf(segments, SPOKEN);
  assert.deepEqual(lines.map(({ start_ms }) => start_ms), [0, 1000, 2000]);
});

test('what is said cannot break the file', () => {
  const segments = talk([0, 0, 1000, '<b>1 & 2</b> 00:00 --> 00:01']);
  assert.match(asVtt(linesOf(segments, SPOKEN)), /&lt;b&gt;1 &amp; 2&lt;\/b&gt; 00:00 --&gt; 00:01/);
  assert.equal(asSrt(linesOf(segments, SPOKEN)).match(/-->/g).length, 1);
});

test('the file is named after room, time and language', () => {
  assert.match(fileName('hall', 'de', 'srt', new Date(2026, 10, 22, 17, 5)), /^hall-2026-11-22-1705\.de\.srt$/);
  assert.match(fileName('hall', SPOKEN, 'txt', new Date()), /\.spoken\.txt$/);
});
