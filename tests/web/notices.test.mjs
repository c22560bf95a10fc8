import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Words } from '../../web/js/strings/i18n.js';
import { Notices } from '../../web/js/captions/notices.js';

const words = new Words('en', { lag: '{seconds} behind', 'notice.muted': 'Muted.' });

/** What a listener sees. */
function view() {
  const shown = new Map();
  return {
    shown,
    note: (topic, say) => (say(words) ? shown.set(topic, say(words)) : shown.delete(topic)),
    get lines() {
      return [...shown.values()];
    },
  };
}

const lag = (stage, behind_ms, lang) => ({ type: 'lag', stage, behind_ms, ...(lang && { lang }) });
const notice = (code, message = '') => ({ type: 'notice', code, message });

test('a stage that has caught up does not hide that a room is muted', () => {
  const seen = view();
  const notices = new Notices(seen);
  notices.take(notice('muted', 'muted by the operator'));
  notices.take(lag('recognition', 2_000));
  assert.deepEqual(seen.lines, ['Muted.', '2 s behind']);
  notices.take(lag('recognition', 0));
  assert.deepEqual(seen.lines, ['Muted.']);
  notices.take(notice('unmuted'));
  assert.deepEqual(seen.lines, []);
});

test('of several late stages the latest is told until all have caught up', () => {
  const seen = view();
  const notices = new Notices(seen);
  notices.take(lag('mt', 1_000, 'en'));
  notices.take(lag('recognition', 4_000));
  notices.take(lag('mt', 0, 'en'));
  assert.deepEqual(seen.lines, ['4 s behind']);
  notices.take(lag('recognition', 0));
  assert.deepEqual(seen.lines, []);
});

test('what an earlier connection said is forgotten, what the page itself says is not', () => {
  const seen = view();
  const notices = new Notices(seen);
  seen.note('language', () => 'not in your language');
  notices.take(lag('recognition', 4_000));
  notices.take(notice('odd', 'something odd'));
  assert.equal(seen.lines.length, 3);
  notices.reset();
  assert.deepEqual(seen.lines, ['not in your language']);
  notices.take(lag('mt', 0, 'en'));
  assert.deepEqual(seen.lines, ['not in your language'], 'the old lag counts no more');
});

test('texts and other messages are none of its business', () => {
  const notices = new Notices(view());
  assert.equal(notices.take({ type: 'transcript' }), false);
  assert.equal(notices.take(notice('x', 'y')), true);
});

test('a talk that is over takes its microphone along, not the operator\'s order', () => {
  const seen = view();
  const notices = new Notices(seen);
  notices.take(notice('muted'));
  notices.take(notice('device_lost', 'The microphone is gone.'));
  notices.take(lag('recognition', 2_000));
  notices.opened(false, false); // the spoken language has changed, nothing else
  assert.equal(seen.lines.length, 3);
  notices.opened(true, false);
  assert.deepEqual(seen.lines, ['Muted.']);
  notices.opened(false, true); // a new connection is told again
  assert.deepEqual(seen.lines, []);
});
