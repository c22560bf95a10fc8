/** The page: wires the form, the input, the session and the views together. */

import { Announcer } from './announcer.js';
import { CaptionModel, SPOKEN } from './captions.js';
import { CaptionsView } from './captions-view.js';
import { UI_LANGUAGES, Words, ownName, pickLanguage, translatePage } from './i18n.js';
import { listenToMicrophone, listenToSample } from './input.js';
import { fetchLanguages } from './languages.js';
import { LatencyLog } from './latency.js';
import { LatencyView } from './latency-view.js';
import { MeterView } from './meter-view.js';
import { Problem, unexpected } from './problems.js';
import { SAMPLES } from './sample.js';
import { SpeakerSession } from './session.js';
import { SettingsView } from './settings-view.js';
import { StatusView } from './status-view.js';
import { bindTheme } from './theme.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./captions.js').Change} Change */

const UI_KEY = 'sottovoce.ui';
const LANGUAGES_RETRY_MS = 3_000;

/** @type {(id: string) => any} */
const byId = (id) => document.getElementById(id);

/** @type {Map<string, string>} English names from the server, for languages that the browser cannot name */
const languageNames = new Map();
let words = new Words(pickLanguage([localStorage.getItem(UI_KEY) ?? '', ...navigator.languages]), languageNames);
const say = (/** @type {string} */ key) => words.say(key);

let heard = ''; // language of the latest transcript
/** @param {string} lane */
function laneName(lane) {
  if (lane !== SPOKEN) return words.languageName(lane);
  return heard ? words.say('column_spoken_as', { language: words.languageName(heard) }) : say('column_spoken');
}

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
  words,
);
const captions = new CaptionModel();
const captionsView = new CaptionsView({
  captions: byId('captions'),
  rows: byId('rows'),
  headings: byId('headings'),
  empty: byId('empty'),
  jump: byId('jump'),
});
const announcer = new Announcer(byId('announcer'));
const latency = new LatencyLog();
const latencyView = new LatencyView(
  latency,
  {
    details: byId('latency'),
    summary: byId('latency-summary'),
    lanes: byId('latency-lanes'),
    none: byId('latency-none'),
    clock: byId('latency-clock'),
  },
  words,
  laneName,
);
const meter = new MeterView(byId('level'), byId('level-word'), say);
const settings = new SettingsView(
  {
    form: byId('form'),
    source: byId('source'),
    sourceHint: byId('source-hint'),
    targets: byId('targets'),
    targetsHint: byId('targets-hint'),
    summary: byId('settings-summary'),
  },
  words,
  (choice) => {
    session?.set({ targets: choice.targets, mode: choice.mode });
    showChoice();
  },
);

/** @type {SpeakerSession | null} */
let session = null;
/** @type {import('./input.js').Input | null} */
let input = null;
/** @typedef {'idle' | 'starting' | 'running' | 'finishing'} Phase */
/** @type {Phase} */
let phase = 'idle';
let liveState = 'live';
let resumed = false;

/** Columns, tails and announcements follow the form. */
function showChoice() {
  const { targets, mode } = settings.choice;
  captionsView.setLanes([SPOKEN, ...targets], laneName);
  captionsView.showTails(mode === 'fast');
  announcer.follow(targets[0] ?? SPOKEN);
}

/** @param {Phase} next */
function enter(next) {
  phase = next;
  const busy = phase === 'starting' || phase === 'finishing';
  const toggle = byId('toggle');
  toggle.textContent = say(phase === 'running' || phase === 'finishing' ? 'stop' : 'start');
  toggle.setAttribute('aria-disabled', String(busy));
  toggle.dataset.phase = phase;
  for (const button of byId('samples').children) button.disabled = phase !== 'idle';
  settings.lock(phase !== 'idle');
  if (phase === 'idle') status.setState('idle');
  if (phase === 'starting') status.setState('starting');
  if (phase === 'finishing') status.setState('finishing');
}

/** @param {string} [sample] language of a bundled clip; none: the microphone */
async function start(sample) {
  status.clearProblem();
  status.notify('');
  enter('starting');
  if (sample) settings.speak(sample);
  showChoice();
  if (matchMedia('(max-width: 56rem)').matches) byId('settings').open = false;
  liveState = sample ? 'sample' : 'live';
  try {
    input = await (sample ? listenToSample(sample, onFrame, finish) : listenToMicrophone(onFrame, microphoneGone));
    session = new SpeakerSession(webSocketUrl(), settings.choice, { opened, message, state: connectionState, closed });
    enter('running');
  } catch (error) {
    await closeInput();
    enter('idle');
    status.showProblem(unexpected(error));
  }
}

/** @param {import('./framer.js').AudioFrame} frame */
function onFrame(frame) {
  meter.add(frame.samples);
  session?.pushFrame(frame);
}

/** Stops the input; the session goes on until the last words are there. */
async function finish() {
  if (phase !== 'running') return;
  enter('finishing');
  await closeInput();
  session?.finish();
}

function microphoneGone() {
  status.notify(say('mic_gone'));
  finish();
}

async function closeInput() {
  const open = input;
  input = null;
  await open?.close();
  meter.off();
}

/** @param {Message} hello @param {boolean} fresh */
function opened(hello, fresh) {
  byId('version').textContent = String(hello.server ?? '');
  status.clearProblem('no_server');
  resumed = !fresh;
  if (resumed) return;
  captions.newSession();
  latency.clear();
  captionsView.divide(say('new_session'));
}

/** @param {import('./connection.js').ConnectionState} state @param {number} delay_ms */
function connectionState(state, delay_ms) {
  if (phase === 'finishing' || state === 'closed') return;
  const seconds = Math.max(1, Math.round(delay_ms / 1000));
  status.setState(state === 'live' ? liveState : state, { seconds });
}

/** @param {Message} message */
function message(message) {
  if (message.type === 'transcript' || message.type === 'translation') showText(message);
  else if (message.type === 'snapshot') {
    // At the start it holds what somebody else said in this room before; a speaker begins with an empty page.
    if (resumed) captions.applySnapshot(message).forEach(showChange);
  } else if (message.type === 'speech' && phase === 'running') {
    status.setState(message.state === 'started' && liveState === 'live' ? 'speech' : liveState);
  } else if (message.type === 'lag') {
    status.notify(message.behind_ms > 0 ? words.say('lag', { seconds: words.seconds(message.behind_ms) }) : '');
  } else if (message.type === 'notice') status.notify(message.message);
}

/** @param {Message} message */
function showText(message) {
  const change = captions.apply(message);
  if (!change) return;
  if (message.type === 'transcript' && message.lang !== heard) {
    heard = message.lang;
    showChoice();
  }
  showChange(change);
  reportPaint(message, change.lane);
}

/** @param {Change} change */
function showChange(change) {
  if (change.broken) console.warn(`the server took committed text back in row ${change.row}`);
  captionsView.show(change);
  announcer.add(change);
}

/** @param {Message} message @param {string} lane */
function reportPaint(message, lane) {
  const open = session;
  if (!open || document.hidden) return; // nothing is painted, nobody reads
  const { stream } = open;
  // The frame's callback runs before its painting; a task queued from it runs after.
  requestAnimationFrame(() => {
    setTimeout(() => {
      const painted = open.painted(stream, message.seq, performance.now());
      if (painted === null || !message.marks) return;
      latency.add(lane, { ...message.marks, painted });
      latencyView.update(open.clock.rtt_ms);
    });
  });
}

/** @param {Problem | null} problem */
async function closed(problem) {
  session = null;
  await closeInput();
  enter('idle');
  if (problem) status.showProblem(problem);
}

function webSocketUrl() {
  const url = new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

async function loadLanguages() {
  try {
    const languages = await fetchLanguages(new URL('languages', document.baseURI));
    for (const [code, name] of languages.names) languageNames.set(code, name);
    settings.setLanguages(languages);
    status.clearProblem('no_server');
    if (phase === 'idle') status.setState('idle');
    showChoice();
  } catch (error) {
    if (phase === 'idle') status.setState('offline');
    status.showProblem(unexpected(error));
    setTimeout(loadLanguages, LANGUAGES_RETRY_MS);
  }
}

function drawSamples() {
  const buttons = Object.keys(SAMPLES).map((code) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'chip';
    button.textContent = words.languageName(code);
    button.dataset.sample = code;
    button.setAttribute('aria-label', words.say('sample_play', { language: words.languageName(code) }));
    button.addEventListener('click', () => phase === 'idle' && start(code));
    return button;
  });
  byId('samples').replaceChildren(...buttons);
}

/** Writes every word of the page. */
function drawWords() {
  translatePage(document, words);
  drawSamples();
  settings.setWords(words);
  status.setWords(words);
  latencyView.setWords(words);
  meter.refresh();
  labelTheme();
  enter(phase);
  showChoice();
}

const labelTheme = bindTheme(document.documentElement, byId('theme'), say);
const uiLanguage = byId('ui-language');
uiLanguage.append(...UI_LANGUAGES.map((code) => new Option(ownName(code), code)));
uiLanguage.value = words.language;
uiLanguage.addEventListener('change', () => {
  localStorage.setItem(UI_KEY, uiLanguage.value);
  words = new Words(uiLanguage.value, languageNames);
  drawWords();
});
byId('toggle').addEventListener('click', () => {
  if (phase === 'idle') start();
  else if (phase === 'running') finish();
});
if (matchMedia('(min-width: 56rem)').matches) byId('latency').open = true;
drawWords();
loadLanguages();
