/** Projector and stream: one or two languages, no controls, no questions, never gives up. */

import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { CaptionStage } from '../views/captions-presenter.js';
import { ownName } from '../strings/i18n.js';
import { kioskOptions } from './kiosk-options.js';
import { LanePane, sideBySide } from '../views/column-view.js';
import { awaitLanguages, bestOf, targetsOf } from '../wire/languages.js';
import { LineFit } from '../views/line-fit.js';
import { Listening, nudgeOnReturn } from '../wire/listener-session.js';
import { NoteBoard } from '../views/notice-view.js';
import { Notices } from '../captions/notices.js';
import { credentials, placeOf, webSocketUrl } from '../wire/page-address.js';
import { Shell, byId } from '../views/shell.js';
import { WakeLock } from '../views/wake-lock.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const MOST_LANES = 2;
/** Rows kept: a screen that runs for months must not grow. */
const MOST_ROWS = 60;
const REST_MS = 2_000;

const shell = await Shell.open();
const place = placeOf(location.href);
const options = kioskOptions(place.options);
const screen = byId('screen');
const notices = new Notices(new NoteBoard(byId('notice'), shell.words));
const fit = new LineFit(screen, options.lines);
const { body } = document;

/** @param {string} state */
function showState(state) {
  byId('state').dataset.state = state;
  byId('state-text').textContent = shell.say(`state_${state}`);
}

function dress() {
  body.classList.toggle('overlay', options.overlay);
  if (options.theme) document.documentElement.dataset.theme = options.theme;
  if (options.size) screen.style.setProperty('--size', options.size);
  if (options.align) screen.style.setProperty('--align', options.align);
  screen.style.setProperty('--lines', String(options.lines));
}

/** @param {string} lane @param {ReadonlyMap<string, string>} natives */
function paneOf(lane, natives) {
  const pane = document.createElement('section');
  pane.className = 'kiosk-pane';
  const tag = document.createElement('p');
  tag.className = 'kiosk-tag';
  tag.textContent = lane === SPOKEN ? shell.say('column_spoken') : ownName(lane, natives);
  const captions = document.createElement('div');
  captions.className = 'captions';
  captions.dataset.lane = lane;
  const rows = document.createElement('div');
  rows.className = 'rows';
  captions.append(rows);
  pane.append(tag, captions);
  screen.append(pane);
  fit.expect(pane, lane === SPOKEN ? '' : lane, tag.textContent);
  return new LanePane({ captions, rows }, lane, { most: MOST_ROWS });
}

let restTimer = 0;
function restCursor() {
  body.classList.remove('resting');
  clearTimeout(restTimer);
  restTimer = setTimeout(() => body.classList.add('resting'), REST_MS);
}

let silenceTimer = 0;
function noteSpeech() {
  body.classList.remove('silent');
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => body.classList.add('silent'), options.stay_ms);
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {}); // refused: the window stays as it is
}

dress();
showState('connecting');
restCursor();
document.addEventListener('pointermove', restCursor);
document.addEventListener('dblclick', toggleFullScreen);
document.addEventListener('keydown', ({ key }) => key === 'f' && toggleFullScreen());
new WakeLock().turn(true);

const languages = await awaitLanguages(() => showState('returning'));
const readable = targetsOf(languages, 'auto');
const known = (/** @type {string} */ code) => readable.includes(code) || languages.sources.includes(code);
const wanted = place.targets.filter(known).slice(0, MOST_LANES);
const own = bestOf(navigator.languages, readable);
const lanes = wanted.length > 0 ? wanted : own ? [SPOKEN, own] : [SPOKEN];
screen.style.setProperty('--panes', String(lanes.length));
const panes = lanes.map((lane) => paneOf(lane, languages.natives));
for (const pane of panes) pane.view.showTails(options.mode === 'fast');
const model = new CaptionModel({ most: MOST_ROWS });
const stage = new CaptionStage(model, sideBySide(panes), [{ add: noteSpeech }], { heard: expectSpoken });
const all = lanes.filter((lane) => lane !== SPOKEN);
let asked = all;

const listening = new Listening(webSocketUrl(document.baseURI), credentials(place), { targets: all, mode: options.mode }, {
  opened: (hello, fresh, again) => {
    stage.enter(hello);
    notices.greet(fresh, again);
    showState(hello.session ? 'reading' : 'no_speaker');
    const possible = all.filter(
      (code) => !hello.session || hello.source === 'auto' || hello.source === code || hello.available_targets.includes(code),
    );
    if (possible.join() !== asked.join()) ask(possible);
  },
  message: (message) => {
    if (stage.take(message, listening.clock)) return;
    if (message.type === 'end') {
      notices.talkOver();
      showState('no_speaker');
    } else notices.take(message);
  },
  state: (state) => {
    if (state === 'live') return;
    notices.reset(); // the state says more
    showState(state === 'waiting' ? 'returning' : state);
  },
  closed: () => {}, // patient: it never is
  refused: ({ key }) => {
    if (key === 'bad_request') ask([]); // this talk cannot be had in these languages: what is spoken, at least
  },
}, { patient: true });

/** @param {string[]} targets */
function ask(targets) {
  asked = targets;
  listening.set({ targets });
}

/** Which language is spoken shows only when it is. @param {string} lang */
function expectSpoken(lang) {
  const pane = /** @type {HTMLElement | undefined} */ (screen.children[lanes.indexOf(SPOKEN)]);
  if (!pane || !fit.expect(pane, lang, ownName(lang, languages.natives))) return;
  if (fit.fit()) relax(); // letters that are no higher move nothing
}

function relax() {
  for (const { view } of panes) view.relayout();
}

function relayout() {
  fit.fit();
  relax();
}

/** A window that goes to another screen may keep its size. */
function watchPixels() {
  matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener('change', () => {
    relayout();
    watchPixels();
  }, { once: true });
}

relayout();
watchPixels();
listening.open();
nudgeOnReturn(() => listening.nudge());
for (const type of ['resize', 'fullscreenchange']) addEventListener(type, relayout);
