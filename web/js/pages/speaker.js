/** The speaker's page: wires the form, the talk and the views together. */

import { listenToMicrophone, listenToSample } from '../audio/input.js';
import { Talk } from '../audio/talk.js';
import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { LatencyLog } from '../captions/latency.js';
import { Notices } from '../captions/notices.js';
import { Announcer } from '../views/announcer.js';
import { AudienceView } from '../views/audience-view.js';
import { CaptionsPresenter } from '../views/captions-presenter.js';
import { CaptionsView } from '../views/captions-view.js';
import { byId } from '../views/elements.js';
import { InviteView } from '../views/invite-view.js';
import { LatencyView } from '../views/latency-view.js';
import { MeterView } from '../views/meter-view.js';
import { MicrophoneView } from '../views/microphone-view.js';
import { retryOnReturn } from '../views/page-return.js';
import { SamplesView } from '../views/samples-view.js';
import { showSecureHint } from '../views/secure-hint.js';
import { SettingsView } from '../views/settings-view.js';
import { Shell } from '../views/shell.js';
import { StatusView } from '../views/status-view.js';
import { TalkButton } from '../views/talk-button.js';
import { TranscriptTools } from '../views/transcript-tools.js';
import { WakeLock } from '../views/wake-lock.js';
import { awaitLanguages } from '../wire/languages.js';
import { credentials, pageAddress, webSocketUrl } from '../wire/page-address.js';
import { DEFAULT_ROOM, MODE } from '../wire/protocol.js';
import { fetchInvite } from '../wire/service-info.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const shell = await Shell.open();
const address = pageAddress(location.href);
const say = (/** @type {string} */ key) => shell.say(key);

/** @param {string} column */
function columnName(column) {
  if (column !== SPOKEN) return shell.words.languageName(column);
  return presenter.heard ? shell.say('column_spoken_as', { language: shell.words.languageName(presenter.heard) }) : say('column_spoken');
}

const status = StatusView.ofPage(shell.words);
const captionsView = new CaptionsView({
  captions: byId('captions'),
  rows: byId('rows'),
  headings: byId('headings'),
  empty: byId('empty'),
  jump: byId('jump'),
});
const notices = new Notices(status);
const announcer = new Announcer(byId('announcer'));
const latency = new LatencyLog();
const latencyView = new LatencyView(
  latency,
  {
    details: byId('latency'),
    summary: byId('latency-summary'),
    columns: byId('latency-lanes'),
    none: byId('latency-none'),
    clock: byId('latency-clock'),
  },
  shell.words,
  columnName,
);
const model = new CaptionModel();
const presenter = new CaptionsPresenter(model, captionsView, [announcer], {
  heard: showChoice,
  painted: (column, marks) => {
    latency.add(column, marks);
    latencyView.update(talk.session?.clock.rtt_ms ?? null);
  },
});
const wakeLock = new WakeLock();
const meter = new MeterView(byId('level'), byId('level-word'), say);
const microphone = new MicrophoneView(byId('microphone-field'), byId('microphone'), shell.words);
const audience = new AudienceView(byId('audience'), shell.words);
const invite = new InviteView(byId('invite'), byId('invite-box'), shell.words);
const transcriptLanguage = byId('transcript-language');
const transcript = new TranscriptTools(
  byId('transcript'),
  byId('transcript-hint'),
  () => ({ segments: model.segments, column: transcriptLanguage.value, room: address.room }),
  'transcript_here',
);
const samples = new SamplesView(byId('samples'), (code) => start(code));
const settings = new SettingsView(
  {
    form: byId('form'),
    source: byId('source'),
    sourceHint: byId('source-hint'),
    allowedField: byId('allowed-field'),
    allowed: byId('allowed'),
    targets: byId('targets'),
    targetsHint: byId('targets-hint'),
    summary: byId('settings-summary'),
  },
  shell.words,
  (choice) => {
    talk.session?.set({ targets: choice.targets, mode: choice.mode });
    showChoice();
  },
);
const talk = new Talk(webSocketUrl(document.baseURI), {
  phase: showPhase,
  frame: ({ samples: sound }) => meter.add(sound),
  opened,
  message,
  state: (state, delay_ms) => {
    const seconds = Math.max(1, Math.round(delay_ms / 1000));
    status.setState(state === 'live' ? liveState : state, { seconds });
  },
  problem: (problem) => status.showProblem(problem),
});
const button = new TalkButton(byId('toggle'), say, { start: () => start(), stop: () => talk.finish() });
let liveState = 'live';
let resumed = false;

/** Columns, tails and announcements follow the form. */
function showChoice() {
  const { targets, mode } = settings.choice;
  captionsView.setColumns([SPOKEN, ...targets], columnName);
  captionsView.showTails(mode === MODE.FAST);
  announcer.setColumn(targets[0] ?? SPOKEN);
  offerTranscripts([SPOKEN, ...targets]);
}

/** What can be saved: the columns, and languages that were columns before. @param {string[]} columns */
function offerTranscripts(columns) {
  const { value } = transcriptLanguage;
  const said = model.segments.flatMap(({ cells }) => [...cells].filter(([, { own }]) => !own).map(([column]) => column));
  const all = [...new Set([...columns, ...said])];
  transcriptLanguage.replaceChildren(...all.map((column) => new Option(columnName(column), column)));
  transcriptLanguage.value = all.includes(value) ? value : (columns[1] ?? SPOKEN);
}

/** @param {import('../audio/talk.js').Phase} phase */
function showPhase(phase) {
  button.show(phase);
  const busy = phase !== 'idle';
  samples.lock(busy);
  settings.lock(busy);
  microphone.lock(busy);
  wakeLock.turn(busy); // with a dark screen, phones take the microphone away
  if (phase === 'idle' || phase === 'finishing') meter.off();
  if (phase === 'idle') {
    notices.reset();
    audience.reset(false);
  }
  if (phase === 'running') microphone.refresh();
  else status.setState(phase);
}

/** @param {string} [sample] language of a bundled clip; none: the microphone */
function start(sample) {
  if (talk.phase !== 'idle') return;
  status.clearProblem();
  status.note('microphone', () => '');
  if (sample) settings.speak(sample);
  showChoice();
  if (matchMedia('(max-width: 56rem)').matches) byId('settings').open = false;
  liveState = sample ? 'sample' : 'live';
  talk.start(
    (onFrame, onEnd) =>
      sample
        ? listenToSample(sample, onFrame, onEnd)
        : listenToMicrophone(microphone.choice, onFrame, () => {
            status.note('microphone', (words) => words.say('mic_gone'));
            onEnd();
          }),
    credentials(address),
    settings.choice,
  );
}

/** @param {Message} hello @param {boolean} fresh @param {boolean} again */
function opened(hello, fresh, again) {
  byId('version').textContent = String(hello.server ?? '');
  status.clearProblem('no_server');
  notices.opened(fresh, again);
  invite.show(hello.invite);
  if (fresh) audience.reset(Boolean(hello.invite));
  presenter.enter(hello);
  resumed = !fresh;
  if (resumed) return;
  latency.clear();
  captionsView.divide(say('new_session'));
}

/** @param {Message} message */
function message(message) {
  // At the start a snapshot holds what somebody else said in this room before; a speaker begins with an empty page.
  if (message.type === 'snapshot' && !resumed) return;
  if (message.type === 'audience') {
    audience.show(message.listeners);
    return;
  }
  if (talk.session && presenter.take(message, talk.session.clock)) return;
  if (message.type === 'speech' && talk.phase === 'running') {
    status.setState(message.state === 'started' && liveState === 'live' ? 'speech' : liveState);
  } else notices.take(message);
}

shell.draw((words) => {
  shell.titleRoom(address.room);
  byId('room').textContent = address.room === DEFAULT_ROOM ? '' : shell.say('room', { room: address.room });
  samples.draw(words);
  settings.setWords(words);
  status.setWords(words);
  latencyView.setWords(words);
  microphone.setWords(words);
  invite.setWords(words);
  audience.setWords(words);
  transcript.setWords(words);
  meter.refresh();
  showPhase(talk.phase);
  showChoice();
});
if (matchMedia('(min-width: 56rem)').matches) byId('latency').open = byId('invite-details').open = true;
retryOnReturn(() => talk.session?.retryNow());
addEventListener('beforeunload', (event) => talk.phase === 'running' && event.preventDefault());
showSecureHint(byId('secure'), byId('secure-link'));

const languages = await awaitLanguages((problem) => {
  if (talk.phase === 'idle') status.setState('offline');
  status.showProblem(problem);
});
shell.learnNames(languages.names);
settings.setLanguages(languages);
status.clearProblem('no_server');
fetchInvite(address).then((way) => invite.show(way));
if (talk.phase === 'idle') status.setState('idle');
showChoice();
