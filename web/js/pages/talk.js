/** The conversation page: two people and two languages, on one device or on two. */

import { listenToMicrophone } from '../audio/input.js';
import { Talk } from '../audio/talk.js';
import { CaptionModel } from '../captions/caption-model.js';
import { Notices } from '../captions/notices.js';
import { loadWords, ownName } from '../strings/i18n.js';
import { UI_LANGUAGES } from '../strings/load.js';
import { Announcer } from '../views/announcer.js';
import { CaptionsPresenter } from '../views/captions-presenter.js';
import { ColumnView, sideBySide } from '../views/column-view.js';
import { byId } from '../views/elements.js';
import { retryOnReturn } from '../views/page-return.js';
import { PartnerLink } from '../views/partner-link.js';
import { showSecureHint } from '../views/secure-hint.js';
import { Shell } from '../views/shell.js';
import { StatusView, stateKey } from '../views/status-view.js';
import { TalkButton } from '../views/talk-button.js';
import { WakeLock } from '../views/wake-lock.js';
import { awaitLanguages } from '../wire/languages.js';
import { credentials, isSide, pageAddress, webSocketUrl } from '../wire/page-address.js';
import { MODE } from '../wire/protocol.js';
import { BOTH, TwoDevices } from './two-devices.js';
import { TwoWay, firstPair, spokenOrRead } from './two-way.js';

/** @typedef {import('./two-way.js').Side} Side */
/** @typedef {import('../wire/protocol.js').Message} Message */

const SIDES = /** @type {const} */ (['near', 'far']);

const shell = await Shell.open();
const address = pageAddress(location.href);
const url = webSocketUrl(document.baseURI);
const side = address.options.get('side');
const status = StatusView.ofPage(shell.words);
const notices = new Notices(status);
const announcer = new Announcer(byId('announcer'));
const wakeLock = new WakeLock();
const { body } = document;
body.classList.toggle('one-side', isSide(side));
status.setState('connecting');
shell.draw((words) => status.setWords(words));
showSecureHint(byId('secure'), byId('secure-link'));

const languages = await awaitLanguages(() => status.setState('offline'));
shell.learnNames(languages.names);
const possible = spokenOrRead(languages);
const pair = new TwoWay(firstPair(address.targets, possible, navigator.languages), languages);
const views = { near: columnViewOf('near'), far: columnViewOf('far') };
const presenter = new CaptionsPresenter(new CaptionModel(), sideBySide([views.near, views.far]), [announcer]);
/** @type {TwoDevices | null} */
let devices = null;
const talk = new Talk(url, {
  phase: showPhase,
  frame: () => {},
  opened: (hello, fresh, again) => {
    notices.opened(fresh, again);
    (devices ?? presenter).enter(hello);
  },
  message,
  state: (state) => status.setState(stateKey(state)),
  problem: (problem) => status.showProblem(problem),
});
const button = new TalkButton(byId('toggle'), (key) => shell.say(key), { start, stop: () => talk.finish() });
if (isSide(side)) devices = twoDevices(side);

/** @param {Side} one */
function columnViewOf(one) {
  const column = isSide(side) ? BOTH : pair.language(one);
  return new ColumnView({ captions: byId(`${one}-captions`), rows: byId(`${one}-rows`) }, column);
}

/** @param {'a' | 'b'} mine */
function twoDevices(mine) {
  new PartnerLink(shell, mine);
  return new TwoDevices({
    url,
    address,
    side: mine,
    language: pair.language('near'),
    show: (change) => views.near.show(change),
    subscriber: announcer,
    state: (state) => talk.phase === 'idle' && status.setState(state === 'reading' ? 'partner' : state),
  });
}

function start() {
  status.clearProblem();
  status.note('microphone', () => '');
  const open = (/** @type {any} */ onFrame, /** @type {any} */ onEnd) =>
    listenToMicrophone('', onFrame, () => {
      status.note('microphone', (words) => words.say('mic_gone'));
      onEnd();
    });
  if (devices) talk.start(open, devices.credentials, { source: pair.language('near'), targets: [], mode: MODE.FAST });
  else talk.start(open, credentials(address), pair.choice);
}

/** @param {Message} message */
function message(message) {
  if (talk.session && (devices ?? presenter).take(message, talk.session.clock)) return;
  if (message.type === 'speech' && talk.phase === 'running') status.setState(message.state === 'started' ? 'speech' : 'live');
  else notices.take(message);
}

/** @param {import('../audio/talk.js').Phase} phase */
function showPhase(phase) {
  button.show(phase);
  wakeLock.turn(phase !== 'idle');
  if (phase === 'idle') notices.reset();
  // A session keeps its pair of languages.
  for (const one of SIDES) byId(`${one}-language`).disabled = phase !== 'idle';
  if (phase !== 'running') status.setState(phase);
}

/** Buttons, languages and views follow the pair. */
function showPair() {
  for (const one of SIDES) {
    const code = pair.language(one);
    byId(`${one}-language`).value = code;
    const speak = byId(`${one}-speak`);
    labelSpeak(speak, code);
    speak.setAttribute('aria-pressed', String(pair.speaking === one));
    if (!devices) views[one].setColumn(code);
  }
  byId('auto').setAttribute('aria-pressed', String(pair.speaking === null));
  announcer.setColumn(devices ? BOTH : pair.language('near'));
  const [way] = devices ? [] : pair.missing;
  status.note('way', () => (way ? shell.say('talk_no_way', named(way)) : ''));
}

/** @param {{source: string, target: string}} way */
function named({ source, target }) {
  return { source: shell.words.languageName(source), target: shell.words.languageName(target) };
}

/** In the words of whoever is to press it, where the page has them. @param {HTMLElement} speak @param {string} code */
async function labelSpeak(speak, code) {
  const words = UI_LANGUAGES.includes(code) ? await loadWords(code) : shell.words;
  speak.lang = words.language;
  speak.textContent = words.say('talk_speak', { language: ownName(code, languages.natives) });
}

/** @param {Side | null} one */
function give(one) {
  pair.give(one);
  talk.session?.set({ source: pair.source });
  showPair();
  if (talk.phase === 'idle' && one !== null) start();
}

for (const one of SIDES) {
  const select = byId(`${one}-language`);
  const names = possible.map((code) => ({ code, name: ownName(code, languages.natives) }));
  names.sort((a, b) => a.name.localeCompare(b.name));
  select.append(...names.map(({ code, name }) => new Option(name, code)));
  select.addEventListener('change', () => {
    pair.assign(one, select.value);
    devices?.read(pair.language('near'));
    showPair();
  });
  byId(`${one}-speak`).addEventListener('click', () => give(one));
}
byId('auto').addEventListener('click', () => give(null));
byId('turn').addEventListener('click', () => {
  const turned = body.classList.toggle('turned');
  byId('turn').setAttribute('aria-pressed', String(turned));
});
body.classList.toggle('turned', !devices);
byId('devices').href = `talk?room=${address.room}${devices ? '' : '&side=a'}${location.hash}`;
shell.draw(() => {
  byId('devices').textContent = shell.say(devices ? 'talk_one' : 'talk_two');
  showPair();
  showPhase(talk.phase);
});
retryOnReturn(() => {
  talk.session?.retryNow();
  devices?.retryNow();
});
