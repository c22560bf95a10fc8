import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection, backoffMs } from '../../web/js/wire/connection.js';
import { SpeakerSession } from '../../web/js/wire/speaker-session.js';

/** A browser whose clock and network obey the test. */
class World {
  now = 0;
  timers = [];
  sockets = [];
  states = [];
  closed = [];
  messages = [];

  environment = {
    open: () => {
      const socket = { sent: [], bufferedAmount: 0, send: (data) => socket.sent.push(data), close: () => {} };
      this.sockets.push(socket);
      return socket;
    },
    now_ms: () => this.now,
    later: (action, delay_ms) => {
      const timer = { action, at: this.now + delay_ms };
      this.timers.push(timer);
      return timer;
    },
    cancel: (timer) => {
      this.timers = this.timers.filter((one) => one !== timer);
    },
    random: () => 0.5,
  };
  handlers = {
    hello: () => ({ role: 'speaker' }),
    opened: () => {},
    message: (message) => this.messages.push(message),
    pinged: () => {},
    state: (state) => this.states.push(state),
    closed: (problem) => this.closed.push(problem && problem.key),
  };

  get socket() {
    return this.sockets.at(-1);
  }

  sentTexts(socket = this.socket) {
    return socket.sent.filter((data) => typeof data === 'string').map((data) => JSON.parse(data));
  }

  pass(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.environment.cancel(due);
      this.now = due.at;
      due.action();
    }
    this.now = end;
  }

  seq = 0;
  receive(type, fields = {}) {
    this.seq += 1;
    this.socket.onmessage({ data: JSON.stringify({ type, seq: this.seq, t_ms: 0, ...fields }) });
  }

  welcome(session = 's1', more = {}) {
    this.seq = 0;
    this.socket.onopen();
    this.receive('hello', { session, resume: `resume-${session}`, source: 'es', targets: [], available_targets: [], ...more });
  }
}

test('a lost connection comes back, resumes where it was, and numbers from 1 again', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, {}, world.environment).open();
  world.welcome();
  world.receive('lag', { stage: 'asr', behind_ms: 0 });
  world.socket.onclose({ code: 1006, reason: '' });
  world.pass(5_000);
  assert.equal(world.sockets.length, 2);
  world.welcome();
  const hello = world.sentTexts()[0];
  assert.deepEqual([hello.seq, hello.resume, hello.last_seq], [1, 'resume-s1', 2]);
  assert.deepEqual(world.states, ['connecting', 'live', 'waiting', 'connecting', 'live']);
});

test('the waits grow, are bounded, and differ between clients', () => {
  const waits = Array.from({ length: 10 }, (_, attempt) => backoffMs(attempt, 0));
  assert.deepEqual(waits.slice(0, 4), [250, 500, 1000, 2000]);
  assert.equal(waits.at(-1), 7_500);
  assert.equal(backoffMs(9, 1), 15_000);
  assert.notEqual(backoffMs(3, 0.2), backoffMs(3, 0.8));
});

for (const [code, key] of [[1013, 'server_busy'], [4400, 'bad_request'], [4401, 'not_allowed'], [4404, 'model_missing'], [4409, 'room_taken']]) {
  test(`close code ${code} at the start is final and told as ${key}`, () => {
    const world = new World();
    new Connection('ws://x/ws', world.handlers, {}, world.environment).open();
    world.socket.onopen();
    world.socket.onclose({ code, reason: 'why' });
    world.pass(60_000);
    assert.equal(world.sockets.length, 1);
    assert.deepEqual(world.closed, [key]);
  });
}

test('busy is waited for by a session that had begun', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, {}, world.environment).open();
  world.welcome();
  world.socket.onclose({ code: 1006, reason: '' });
  world.pass(1_000);
  world.socket.onclose({ code: 1013, reason: '' });
  world.pass(5_000);
  assert.equal(world.sockets.length, 3);
  assert.deepEqual(world.closed, []);
});

test('a reader that was told when to come back does so then, not before', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment).open();
  world.receive('error', { code: 'busy', message: 'full; try again in 20 s', retryable: true, retry_after_s: 20 });
  world.socket.onclose({ code: 1013, reason: 'busy' });
  world.pass(19_900);
  assert.equal(world.sockets.length, 1);
  world.pass(2_200);
  assert.equal(world.sockets.length, 2);
  world.socket.onclose({ code: 1006, reason: '' }); // what was said then holds no longer
  world.pass(1_000);
  assert.equal(world.sockets.length, 3);
});

test('a silent connection is given up', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, {}, world.environment).open();
  world.welcome();
  world.pass(30_000);
  assert.ok(world.sockets.length > 1);
});

/** A server that answers every ping at once. */
function answering(world) {
  const socket = world.socket;
  const { send } = socket;
  socket.send = (data) => {
    send(data);
    const { type, client_ms } = typeof data === 'string' ? JSON.parse(data) : {};
    if (type === 'ping') world.receive('pong', { client_ms, server_ms: 0 });
  };
}

test('a page whose timers run once a minute keeps a connection that answers', () => {
  const world = new World();
  const { later } = world.environment;
  world.environment.later = (action, delay_ms) => later(action, Math.max(60_000, delay_ms));
  new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment).open();
  answering(world);
  world.welcome();
  world.pass(3_600_000);
  assert.equal(world.sockets.length, 1);
  assert.ok(world.sentTexts().filter(({ type }) => type === 'ping').length > 50);
});

test('a device that wakes up waits seconds, not half a minute, for a connection that is gone', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment);
  connection.open();
  answering(world);
  world.welcome();
  world.pass(10_000);
  const gone = world.socket;
  gone.send = () => {};
  world.now += 600_000; // asleep: no timer runs
  connection.retryNow();
  world.pass(8_000);
  assert.equal(world.sockets.length, 2);
  gone.onclose?.({ code: 1006, reason: '' });
  world.pass(8_000);
  assert.equal(world.sockets.length, 2, 'the old one says nothing any more');
});

test('a network that answers nothing is given up, and left at once for one that is back', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment);
  connection.open();
  world.pass(20_000);
  assert.equal(world.sockets.length, 2, 'the first try was given up');
  connection.retryNow();
  assert.equal(world.sockets.length, 3);
  connection.retryNow();
  assert.equal(world.sockets.length, 3, 'this one has just begun');
  world.welcome();
  answering(world);
  world.pass(60_000);
  assert.deepEqual([world.sockets.length, world.states.at(-1)], [3, 'live']);
});

test('a connection that was closed stays closed', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment);
  connection.open();
  connection.close();
  world.pass(60_000);
  connection.retryNow();
  assert.equal(world.sockets.length, 1);
});

test('end closes for good, and a malformed message is told', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, {}, world.environment);
  connection.open();
  world.welcome();
  connection.send('end');
  world.receive('end', { position: 1 });
  world.socket.onclose({ code: 1000, reason: 'done' });
  assert.deepEqual(world.closed, [null]);
  const other = new World();
  new Connection('ws://x/ws', other.handlers, {}, other.environment).open();
  other.welcome();
  other.socket.onmessage({ data: 'nonsense' });
  assert.deepEqual(other.closed, ['bad_server']);
});

test('nothing is sent into a socket that is closing', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, {}, world.environment);
  connection.open();
  world.welcome();
  world.socket.readyState = 2;
  const before = world.socket.sent.length;
  connection.send('set', {});
  connection.sendAudio(new ArrayBuffer(8));
  world.pass(1_000);
  assert.equal(world.socket.sent.length, before);
});

test('a speaker whose talk somebody else ended is told so', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, {}, world.environment).open();
  world.welcome();
  world.receive('end', { position: 1 });
  world.socket.onclose({ code: 1000, reason: 'stopped by the operator' });
  world.pass(60_000);
  assert.deepEqual(world.closed, ['connection_closed']);
  assert.equal(world.sockets.length, 1);
});

test('a speaker comes back to a server that stops, unless the speaker had ended', () => {
  for (const asked of [false, true]) {
    const world = new World();
    const connection = new Connection('ws://x/ws', world.handlers, {}, world.environment);
    connection.open();
    world.welcome();
    if (asked) connection.send('end');
    world.receive('end', { position: 1 });
    world.socket.onclose({ code: 1001, reason: 'the server stops' });
    world.pass(10_000);
    assert.deepEqual(world.closed, asked ? [null] : []);
    assert.equal(world.sockets.length > 1, !asked);
  }
});

test('a listener stays when a talk ends, and learns of the next', () => {
  const world = new World();
  const opened = [];
  world.handlers.opened = (hello, fresh, again) => opened.push([hello.session, fresh, again]);
  new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment).open();
  world.welcome('s1');
  world.receive('end', { position: 1 });
  world.receive('hello', { session: 's2', resume: 'r2', targets: [], available_targets: [] });
  world.receive('hello', { session: 's2', resume: 'r2', targets: [], available_targets: [] });
  world.pass(10_000);
  assert.deepEqual(world.closed, []);
  assert.deepEqual(opened, [['s1', true, true], ['s2', true, false], ['s2', false, false]]);
  const pings = world.sentTexts().filter(({ type }) => type === 'ping');
  assert.ok(pings.length <= 16, 'one train of pings, however many hellos');
});

test('a listener waits where the server is full, and is told where it may not come in', () => {
  const world = new World();
  new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment).open();
  world.socket.onclose({ code: 1013, reason: '' });
  world.pass(1_000);
  assert.equal(world.sockets.length, 2);
  world.socket.onclose({ code: 4401, reason: 'revoked' });
  world.pass(60_000);
  assert.deepEqual(world.closed, ['not_allowed']);
});

test('a kiosk comes back after every refusal, seldom', () => {
  const world = new World();
  const refused = [];
  world.handlers.refused = ({ key }) => refused.push(key);
  new Connection('ws://x/ws', world.handlers, { stays: true, retryRefused: true }, world.environment).open();
  for (const code of [4401, 4404, 1000]) {
    world.socket.onclose({ code, reason: '' });
    world.pass(code === 1000 ? 5_000 : 35_000);
  }
  assert.equal(world.sockets.length, 4);
  assert.deepEqual(refused, ['not_allowed', 'model_missing']);
  assert.deepEqual(world.closed, []);
});

test('a network that is back is used at once', () => {
  const world = new World();
  const connection = new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment);
  connection.open();
  for (let n = 0; n < 6; n += 1) {
    world.socket.onclose({ code: 1006, reason: '' });
    if (n < 5) world.pass(20_000);
  }
  const before = world.sockets.length;
  connection.retryNow();
  assert.equal(world.sockets.length, before + 1);
  connection.retryNow();
  assert.equal(world.sockets.length, before + 1, 'no second one beside it');
});

test('a page that is loaded anew goes on where it was', () => {
  const world = new World();
  const first = new Connection('ws://x/ws', world.handlers, { stays: true }, world.environment);
  first.open();
  world.welcome('s1');
  world.receive('lag', { stage: 'asr', behind_ms: 0 });
  const { resumePoint } = first;
  const later = new World();
  const second = new Connection('ws://x/ws', later.handlers, { stays: true }, later.environment);
  second.resumePoint = JSON.parse(JSON.stringify(resumePoint));
  second.open();
  later.welcome('s1');
  const hello = later.sentTexts()[0];
  assert.deepEqual([hello.resume, hello.last_seq], ['resume-s1', 2]);
});

test('a change of the spoken language sends no audio again', () => {
  const world = new World();
  const session = new SpeakerSession('ws://x/ws', { room: 'main' }, { source: 'auto', targets: [], mode: 'fast' }, world.handlers, world.environment);
  world.welcome('s1', { position: 0 });
  session.pushFrame(frame(0));
  session.set({ source: 'es' });
  world.receive('hello', { session: 's1', resume: 'r', targets: [], available_targets: [], position: 640 });
  session.pushFrame(frame(640));
  const positions = world.socket.sent.filter((data) => data instanceof ArrayBuffer).map((data) => Number(new DataView(data).getBigUint64(0, true)));
  assert.deepEqual(positions, [0, 640]);
  assert.equal(world.sentTexts().find(({ type }) => type === 'set').source, 'es');
  session.abort();
});

const frame = (position, length = 640) => ({ position, samples: new Int16Array(length).fill(position / 640 + 1) });
test('a session loses no audio over a drop', () => {
  const world = new World();
  const session = new SpeakerSession('ws://x/ws', { room: 'main', token: 'secret' }, { source: 'es', targets: ['en'], mode: 'fast' }, world.handlers, world.environment);
  session.pushFrame(frame(0)); // before the hello: kept
  world.welcome();
  session.pushFrame(frame(640));
  world.socket.onclose({ code: 1006, reason: '' });
  session.pushFrame(frame(1280));
  world.pass(1_000);
  world.welcome('s1', { position: 640 });
  session.pushFrame(frame(1920));
  const positions = world.sockets.map(({ sent }) =>
    sent.filter((data) => data instanceof ArrayBuffer).map((data) => Number(new DataView(data).getBigUint64(0, true))),
  );
  assert.deepEqual(positions, [[0, 640], [640, 1280, 1920]]);
  const hello = world.sentTexts()[0];
  assert.deepEqual([hello.targets, hello.room, hello.token], [['en'], 'main', 'secret']);
  session.abort();
});
