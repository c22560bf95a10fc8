/** The listener's page: one language at a time, in letters as large as the listener likes. */

import { Voice } from '../audio/voice.js';
import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { Notices } from '../captions/notices.js';
import { Announcer } from '../views/announcer.js';
import { CaptionsPresenter } from '../views/captions-presenter.js';
import { CaptionsView } from '../views/captions-view.js';
import { byId } from '../views/elements.js';
import { LanguagePicker } from '../views/language-picker.js';
import { invited, keepListenerSettings, recallListenerSettings } from '../views/listener-settings.js';
import { retryOnReturn } from '../views/page-return.js';
import { ReadingDialog } from '../views/reading-dialog.js';
import { Shell } from '../views/shell.js';
import { StatusView, stateKey } from '../views/status-view.js';
import { TranscriptStore } from '../views/transcript-store.js';
import { WakeLock } from '../views/wake-lock.js';
import { awaitLanguages, bestOf, targetsOf } from '../wire/languages.js';
import { ListenerSession } from '../wire/listener-session.js';
import { credentials, pageAddress, webSocketUrl } from '../wire/page-address.js';
import { AUTO, MODE } from '../wire/protocol.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const shell = await Shell.open();
const address = invited(pageAddress(location.href));
const settings = recallListenerSettings();

const status = StatusView.ofPage(shell.words);
const model = new CaptionModel();
const view = new CaptionsView({ captions: byId('captions'), rows: byId('rows'), empty: byId('empty'), jump: byId('jump') });
const notices = new Notices(status);
const announcer = new Announcer(byId('announcer'));
const voice = new Voice();
const wakeLock = new WakeLock();
const presenter = new CaptionsPresenter(model, view, [announcer, voice], { heard: offerLanguages });
const picker = new LanguagePicker(byId('language'), (choice) => {
  column = settings.column = choice;
  keepListenerSettings(settings);
  session?.set({ targets: targets() });
  showReading();
});
const dialog = new ReadingDialog(settings, {
  changed: (change) => {
    keepListenerSettings(settings);
    if ('calm' in change) session?.set({ mode: mode() });
    showReading();
  },
  aloud: (on) => voice.turn(on),
  forget: () => {
    store.clear();
    view.clear();
  },
  file: () => ({ segments: model.segments, column: shownColumns().at(-1) ?? SPOKEN, room: address.room }),
});

/** @type {ListenerSession | null} */
let session = null;
/** @type {Message | null} */
let hello = null;
let column = address.targets[0] ?? settings.column ?? SPOKEN;
const store = new TranscriptStore(address.room, model, () => session?.resumePoint ?? { session: '', resume: '', last_seq: 0 });

const mode = () => (settings.calm ? MODE.CALM : MODE.FAST);
const targets = () => (column === SPOKEN ? [] : [column]);

/** Whether what is spoken now can be read in the chosen language. */
function isAvailable() {
  const { source, available_targets: available = [] } = /** @type {Partial<Message>} */ (hello ?? {});
  return column === SPOKEN || !hello?.session || source === AUTO || source === column || available.includes(column);
}

/** The chosen language; what was spoken beside it, or in its place where there is no translation. */
function shownColumns() {
  if (!isAvailable()) return [SPOKEN];
  return settings.source && column !== SPOKEN ? [SPOKEN, column] : [column];
}

/** Columns, letters, tails, voice and announcements follow the settings. */
function showReading() {
  const columns = shownColumns();
  const name = (/** @type {string} */ one) => (one === SPOKEN ? shell.say('column_spoken') : shell.words.languageName(one));
  const last = columns[columns.length - 1];
  dialog.showSize(byId('captions'));
  view.setColumns(columns, name);
  view.showTails(!settings.calm);
  view.relayout();
  announcer.setColumn(last);
  voice.rate = settings.rate;
  voice.setColumn(last, last === SPOKEN ? presenter.heard : last);
  dialog.showVoice(voice.has(last === SPOKEN ? presenter.heard : last));
  wakeLock.turn(settings.awake);
  status.note('language', (words) =>
    isAvailable() ? '' : words.say('not_in_language', { language: words.languageName(column) }));
}

function offerLanguages() {
  const { source, available_targets: available } = /** @type {Partial<Message>} */ (hello ?? {});
  const known = available ?? targetsOf(languages, AUTO);
  const spoken = [source, presenter.heard].filter((code) => code && code !== AUTO);
  picker.offer([...known, ...spoken], languages.natives);
  showReading();
}

function showState() {
  status.setState(hello?.session ? 'reading' : 'no_speaker');
}

/** @param {Message} answer @param {boolean} fresh @param {boolean} again */
function opened(answer, fresh, again) {
  hello = answer;
  presenter.enter(answer);
  status.clearProblem();
  notices.opened(fresh, again);
  offerLanguages();
  showState();
}

/** @param {Message} message */
function message(message) {
  store.touch();
  if (session && presenter.take(message, session.clock)) return;
  if (message.type === 'end') {
    if (hello) hello = { ...hello, session: undefined };
    notices.talkOver();
    showState();
  } else notices.take(message);
}

/** @param {any} [resumePoint] */
function listen(resumePoint) {
  const wanted = { targets: targets(), mode: mode() };
  session = new ListenerSession(webSocketUrl(document.baseURI), credentials(address), wanted, {
    opened,
    message,
    state: (state) => state !== 'live' && state !== 'closed' && status.setState(stateKey(state)),
    closed,
  });
  session.open(resumePoint);
}

/** @param {import('../wire/problems.js').Problem | null} problem */
function closed(problem) {
  if (problem?.key === 'bad_request' && targets().length > 0) {
    // A language that was here before is not now: better the spoken words than nothing.
    column = SPOKEN;
    picker.choose(SPOKEN);
    listen();
    return;
  }
  status.setState('off');
  if (problem) status.showProblem(problem);
}

shell.draw((words) => {
  shell.titleRoom(address.room);
  status.setWords(words);
  picker.setSpokenName(words.say('as_spoken'));
  dialog.setWords(words);
  showReading();
});
status.setState('connecting');
// Safari gives a page on the home screen a storage of its own, without the invitation. Without a manifest it opens the
// whole present address instead.
if ('standalone' in navigator) document.querySelector('link[rel=manifest]')?.remove();

const languages = await awaitLanguages(() => status.setState('returning'));
shell.learnNames(languages.names);
if (address.targets.length === 0 && settings.column === null) {
  column = bestOf(navigator.languages, targetsOf(languages, AUTO)) ?? SPOKEN;
}
picker.choose(column);
offerLanguages();
const earlier = store.load();
if (earlier) presenter.showAll(earlier.changes);
listen(earlier?.resumePoint);
retryOnReturn(() => session?.retryNow());
voice.onVoices(showReading);
