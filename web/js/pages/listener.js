/** The listener's page: one language at a time, as large as the reader likes. */

import { Announcer } from '../views/announcer.js';
import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { CaptionStage } from '../views/captions-presenter.js';
import { CaptionsView } from '../views/captions-view.js';
import { LanguagePicker } from '../views/language-picker.js';
import { awaitLanguages, bestOf, targetsOf } from '../wire/languages.js';
import { Listening, nudgeOnReturn } from '../wire/listener-session.js';
import { Notices } from '../captions/notices.js';
import { credentials, placeOf, webSocketUrl } from '../wire/page-address.js';
import { invited, keepReader, recallReader } from '../views/listener-settings.js';
import { ReadingSheet } from '../views/reading-dialog.js';
import { Shell, byId } from '../views/shell.js';
import { StatusView } from '../views/status-view.js';
import { TranscriptStore } from '../views/transcript-store.js';
import { Voice } from '../audio/voice.js';
import { WakeLock } from '../views/wake-lock.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const shell = await Shell.open();
const place = invited(placeOf(location.href));
const reader = recallReader();

const status = new StatusView(
  {
    state: byId('state'),
    stateText: byId('state-text'),
    problem: byId('problem'),
    problemTitle: byId('problem-title'),
    problemDo: byId('problem-do'),
    problemDetail: byId('problem-detail'),
    problemClose: byId('problem-close'),
    notice: byId('notice'),
  },
  shell.words,
);
const model = new CaptionModel();
const view = new CaptionsView({ captions: byId('captions'), rows: byId('rows'), empty: byId('empty'), jump: byId('jump') });
const notices = new Notices(status);
const announcer = new Announcer(byId('announcer'));
const voice = new Voice();
const wakeLock = new WakeLock();
const stage = new CaptionStage(model, view, [announcer, voice], { heard: offerLanguages });
const picker = new LanguagePicker(byId('language'), (choice) => {
  lane = reader.lane = choice;
  keepReader(reader);
  listening?.set({ targets: targets() });
  showReading();
});
const sheet = new ReadingSheet(reader, {
  changed: (change) => {
    keepReader(reader);
    if ('calm' in change) listening?.set({ mode: mode() });
    showReading();
  },
  aloud: (on) => voice.turn(on),
  forget: () => {
    store.clear();
    view.clear();
  },
  file: () => ({ segments: model.segments, lane: shownLanes().at(-1) ?? SPOKEN, room: place.room }),
});

/** @type {Listening | null} */
let listening = null;
/** @type {Message | null} */
let hello = null;
let lane = place.targets[0] ?? reader.lane ?? SPOKEN;
const store = new TranscriptStore(place.room, model, () => listening?.seat ?? { session: '', resume: '', last_seq: 0 });

const mode = () => (reader.calm ? 'calm' : 'fast');
const targets = () => (lane === SPOKEN ? [] : [lane]);

/** Whether what is spoken now can be read in the chosen language. */
function isAvailable() {
  const { source, available_targets: available = [] } = /** @type {Partial<Message>} */ (hello ?? {});
  return lane === SPOKEN || !hello?.session || source === 'auto' || source === lane || available.includes(lane);
}

/** The chosen language; what was spoken beside it, or in its place where there is no translation. */
function shownLanes() {
  if (!isAvailable()) return [SPOKEN];
  return reader.source && lane !== SPOKEN ? [SPOKEN, lane] : [lane];
}

/** Columns, letters, tails, voice and announcements follow the reader. */
function showReading() {
  const lanes = shownLanes();
  const name = (/** @type {string} */ one) => (one === SPOKEN ? shell.say('column_spoken') : shell.words.languageName(one));
  const last = lanes[lanes.length - 1];
  sheet.showSize(byId('captions'));
  view.setLanes(lanes, name);
  view.showTails(!reader.calm);
  view.relayout();
  announcer.follow(last);
  voice.rate = reader.rate;
  voice.follow(last, last === SPOKEN ? stage.heard : last);
  sheet.showVoice(voice.has(last === SPOKEN ? stage.heard : last));
  wakeLock.turn(reader.awake);
  status.note('language', (words) =>
    isAvailable() ? '' : words.say('not_in_language', { language: words.languageName(lane) }));
}

function offerLanguages() {
  const { source, available_targets: available } = /** @type {Partial<Message>} */ (hello ?? {});
  const known = available ?? targetsOf(languages, 'auto');
  const spoken = [source, stage.heard].filter((code) => code && code !== 'auto');
  picker.offer([...known, ...spoken], languages.natives);
  showReading();
}

function showState() {
  status.setState(hello?.session ? 'reading' : 'no_speaker');
}

/** @param {Message} welcome @param {boolean} fresh @param {boolean} again */
function opened(welcome, fresh, again) {
  hello = welcome;
  stage.enter(welcome);
  status.clearProblem();
  notices.greet(fresh, again);
  offerLanguages();
  showState();
}

/** @param {Message} message */
function message(message) {
  store.touch();
  if (listening && stage.take(message, listening.clock)) return;
  if (message.type === 'end') {
    if (hello) hello = { ...hello, session: undefined };
    notices.talkOver();
    showState();
  } else notices.take(message);
}

/** @param {any} [seat] */
function listen(seat) {
  const reading = { targets: targets(), mode: /** @type {'fast' | 'calm'} */ (mode()) };
  listening = new Listening(webSocketUrl(document.baseURI), credentials(place), reading, {
    opened,
    message,
    state: (state) => state !== 'live' && state !== 'closed' && status.setState(state === 'waiting' ? 'returning' : state),
    closed,
  });
  listening.open(seat);
}

/** @param {import('../wire/problems.js').Problem | null} problem */
function closed(problem) {
  if (problem?.key === 'bad_request' && targets().length > 0) {
    // A language that was here before is not now: better the spoken words than nothing.
    lane = SPOKEN;
    picker.choose(SPOKEN);
    listen();
    return;
  }
  status.setState('off');
  if (problem) status.showProblem(problem);
}

shell.draw((words) => {
  document.title = `${place.room === 'main' ? '' : `${place.room} · `}Sottovoce`;
  status.setWords(words);
  picker.setSpokenName(words.say('as_spoken'));
  sheet.setWords(words);
  showReading();
});
status.setState('connecting');
// Safari gives a page on the home screen a storage of its own, without the invitation. Without a manifest it opens the
// whole present address instead.
if ('standalone' in navigator) document.querySelector('link[rel=manifest]')?.remove();

const languages = await awaitLanguages(() => status.setState('returning'));
shell.learnNames(languages.names);
if (place.targets.length === 0 && reader.lane === null) {
  lane = bestOf(navigator.languages, targetsOf(languages, 'auto')) ?? SPOKEN;
}
picker.choose(lane);
offerLanguages();
const earlier = store.load();
if (earlier) stage.showAll(earlier.changes);
listen(earlier?.seat);
nudgeOnReturn(() => listening?.nudge());
voice.onVoices(showReading);
