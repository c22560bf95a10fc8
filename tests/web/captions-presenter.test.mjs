import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../../web/js/views/announcer.js';
import { CaptionModel } from '../../web/js/captions/caption-model.js';
import { CaptionsPresenter } from '../../web/js/views/captions-presenter.js';
import { asSrt, linesOf } from '../../web/js/captions/export.js';

const hello = (session, t_ms) => ({ type: 'hello', log: 'log', session, t_ms });
const final = (segment, text, start_ms) => ({
  type: 'transcript', segment, rev: 1, lang: 'en', committed: text, tail: '', final: true, start_ms, end_ms: start_ms + 1_000,
});

/** A presenter in session s1, whose first sentence has been said, on a clock that the test sets. */
const presented = (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 });
  globalThis.document ??= { hidden: true };
  const model = new CaptionModel();
  const presenter = new CaptionsPresenter(model, { show: () => {}, showAll: () => {} });
  presenter.enter(hello('s1', 0));
  presenter.take(final(0, 'One.', 2_000), {});
  return { model, presenter };
};

test('a wall clock that is set in mid-session moves no subtitle', (context) => {
  const { model, presenter } = presented(context);
  context.mock.timers.setTime(1_000_000_000 + 86_400_000); // a phone that learns the day
  presenter.enter(hello('s1', 10_000)); // the same session over another connection
  presenter.take(final(1, 'Two.', 12_000), {});
  assert.match(asSrt(linesOf(model.segments, 'spoken')), /00:00:10,000 --> 00:00:11,000\nTwo\./);
});

test('another session is timed by its own zero', (context) => {
  const { model, presenter } = presented(context);
  context.mock.timers.setTime(1_000_000_000 + 60_000);
  presenter.enter(hello('s2', 0));
  presenter.take(final(1, 'Two.', 2_000), {});
  assert.match(asSrt(linesOf(model.segments, 'spoken')), /00:01:00,000 --> 00:01:01,000\nTwo\./);
});

test('half a sentence of one language is not read out before one of another', () => {
  const said = [];
  globalThis.document = { ...globalThis.document, createElement: () => ({}) };
  const announcer = new Announcer({ append: ({ textContent }) => said.push(textContent), childElementCount: 0 });
  announcer.setColumn('en');
  announcer.add({ row: '0:0', column: 'en', lang: 'en', append: 'Today people', final: false });
  announcer.setColumn('de');
  announcer.add({ row: '0:0', column: 'de', lang: 'de', append: 'Heute schreiben alle.', final: true });
  assert.deepEqual(said, ['Heute schreiben alle.']);
});
