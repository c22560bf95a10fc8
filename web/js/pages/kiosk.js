/** Projector and stream: one or two languages, no controls, no questions, never gives up. */

import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { Notices } from '../captions/notices.js';
import { ownName } from '../strings/i18n.js';
import { CaptionsPresenter } from '../views/captions-presenter.js';
import { ColumnView, sideBySide } from '../views/column-view.js';
import { byId } from '../views/elements.js';
import { LineFit } from '../views/line-fit.js';
import { NoticeView } from '../views/notice-view.js';
import { retryOnReturn } from '../views/page-return.js';
import { Shell } from '../views/shell.js';
import { stateKey } from '../views/status-view.js';
import { WakeLock } from '../views/wake-lock.js';
import { awaitLanguages, bestOf, targetsOf } from '../wire/languages.js';
import { ListenerSession } from '../wire/listener-session.js';
import { credentials, pageAddress, webSocketUrl } from '../wire/page-address.js';
import { AUTO, MODE } from '../wire/protocol.js';
import { kioskOptions } from './kiosk-options.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const MOST_COLUMNS = 2;
/** Rows kept: a screen that runs for months must not grow. */
const MOST_ROWS = 60;
const REST_MS = 2_000;

const shell = await Shell.open();
const address = pageAddress(location.href);
const options = kioskOptions(address.options);
const screen = byId('screen');
const notices = new Notices(new NoticeView(byId('notice'), shell.words));
const fit = new LineFit(screen, options.lines);
const { body } = document;

/** @param {string} state */
function showState(state) {
  byId('state').dataset.state = state;
  byId('state-text').textContent = shell.say(`state_${state}`);
}

function applyOptions() {
  body.classList.toggle('overlay', options.overlay);
  if (options.theme) document.documentElement.dataset.theme = options.theme;
  if (options.size) screen.style.setProperty('--size', options.size);
  if (options.align) screen.style.setProperty('--align', options.align);
  screen.style.setProperty('--lines', String(options.lines));
}

/** @param {string} column @param {ReadonlyMap<string, string>} natives */
function columnViewOf(column, natives) {
  const section = document.createElement('section');
  section.className = 'kiosk-column';
  const tag = document.createElement('p');
  tag.className = 'kiosk-tag';
  tag.textContent = column === SPOKEN ? shell.say('column_spoken') : ownName(column, natives);
  const captions = document.createElement('div');
  captions.className = 'captions';
  captions.dataset.column = column;
  const rows = document.createElement('div');
  rows.className = 'rows';
  captions.append(rows);
  section.append(tag, captions);
  screen.append(section);
  fit.expect(section, column === SPOKEN ? '' : column, tag.textContent);
  return new ColumnView({ captions, rows }, column, { most: MOST_ROWS });
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

applyOptions();
showState('connecting');
restCursor();
document.addEventListener('pointermove', restCursor);
document.addEventListener('dblclick', toggleFullScreen);
document.addEventListener('keydown', ({ key }) => key === 'f' && toggleFullScreen());
new WakeLock().turn(true);

const languages = await awaitLanguages(() => showState('returning'));
const readable = targetsOf(languages, AUTO);
const known = (/** @type {string} */ code) => readable.includes(code) || languages.sources.includes(code);
const wanted = address.targets.filter(known).slice(0, MOST_COLUMNS);
const own = bestOf(navigator.languages, readable);
const columns = wanted.length > 0 ? wanted : own ? [SPOKEN, own] : [SPOKEN];
screen.style.setProperty('--columns', String(columns.length));
const views = columns.map((column) => columnViewOf(column, languages.natives));
for (const { view } of views) view.showTails(options.mode === MODE.FAST);
const model = new CaptionModel({ most: MOST_ROWS });
const presenter = new CaptionsPresenter(model, sideBySide(views), [{ add: noteSpeech }], { heard: expectSpoken });
const all = columns.filter((column) => column !== SPOKEN);
let asked = all;

const session = new ListenerSession(webSocketUrl(document.baseURI), credentials(address), { targets: all, mode: options.mode }, {
  opened: (hello, fresh, again) => {
    presenter.enter(hello);
    notices.opened(fresh, again);
    showState(hello.session ? 'reading' : 'no_speaker');
    const possible = all.filter(
      (code) => !hello.session || hello.source === AUTO || hello.source === code || hello.available_targets.includes(code),
    );
    if (possible.join() !== asked.join()) ask(possible);
  },
  message: (message) => {
    if (presenter.take(message, session.clock)) return;
    if (message.type === 'end') {
      notices.talkOver();
      showState('no_speaker');
    } else notices.take(message);
  },
  state: (state) => {
    if (state === 'live') return;
    notices.reset(); // the state says more
    showState(stateKey(state));
  },
  closed: () => {}, // with `retryRefused` it never is
  refused: ({ key }) => {
    if (key === 'bad_request') ask([]); // this talk cannot be had in these languages: what is spoken, at least
  },
}, { retryRefused: true });

/** @param {string[]} targets */
function ask(targets) {
  asked = targets;
  session.set({ targets });
}

/** Which language is spoken shows only when it is. @param {string} lang */
function expectSpoken(lang) {
  const section = /** @type {HTMLElement | undefined} */ (screen.children[columns.indexOf(SPOKEN)]);
  if (!section || !fit.expect(section, lang, ownName(lang, languages.natives))) return;
  if (fit.fit()) relax(); // letters that are no higher move nothing
}

function relax() {
  for (const { view } of views) view.relayout();
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
session.open();
retryOnReturn(() => session.retryNow());
for (const type of ['resize', 'fullscreenchange']) addEventListener(type, relayout);
