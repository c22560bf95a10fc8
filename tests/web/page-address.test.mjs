import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kioskOptions } from '../../web/js/pages/kiosk-options.js';
import { keepListenerSettings, recallListenerSettings } from '../../web/js/views/listener-settings.js';
import { TranscriptStore } from '../../web/js/views/transcript-store.js';
import { credentials, pageAddress, partnerAddress, webSocketUrl } from '../../web/js/wire/page-address.js';
import { secureAddress } from '../../web/js/wire/service-info.js';

test('room, languages and token come from the address; the token only from the fragment', () => {
  const address = pageAddress('https://box:8443/listen?room=hall&to=de,en,de#t=abc.DEF');
  assert.deepEqual([address.room, address.targets, address.token], ['hall', ['de', 'en'], 'abc.DEF']);
  assert.deepEqual(credentials(address), { room: 'hall', token: 'abc.DEF' });
  assert.equal(pageAddress('http://box/?t=abc').token, null);
  assert.deepEqual(credentials(pageAddress('http://box/')), { room: 'main' });
});

test('what is malformed counts as absent', () => {
  for (const room of ['', '.x', 'a/b', '<script>', 'x'.repeat(65)]) {
    assert.equal(pageAddress(`http://box/?room=${encodeURIComponent(room)}`).room, 'main');
  }
  assert.deepEqual(pageAddress('http://box/?to=,%3Cb%3E,e,de').targets, ['de']);
});

test('the WebSocket is at the same place, as secure as the page, and never carries the token', () => {
  assert.equal(webSocketUrl('https://box:8443/listen?room=a#t=x'), 'wss://box:8443/ws');
  assert.equal(webSocketUrl('http://box/sub/'), 'ws://box/sub/ws');
});

test('kiosk options are bounded and have defaults', () => {
  const of = (query) => kioskOptions(new URLSearchParams(query));
  assert.deepEqual(of(''), { lines: 3, size: '', align: '', overlay: false, stay_ms: 8_000, mode: 'calm', theme: '' });
  assert.deepEqual(of('stay=20&lines=2&size=8&align=right&overlay=1&mode=fast&theme=dark'), {
    lines: 2, size: '8vh', align: 'right', overlay: true, stay_ms: 20_000, mode: 'fast', theme: 'dark',
  });
  assert.deepEqual(of('lines=0&size=9999&align=%22%3E&theme=x'), of(''));
  assert.equal(of('overlay=0').overlay, false);
  assert.equal(of('overlay').align, 'center');
});

test('the secure address is the same page, and only a secure one', () => {
  const here = new URL('http://10.0.0.5:8765/talk?room=a#t=x');
  assert.equal(secureAddress({ secure_url: 'https://10.0.0.5:8766/', has_authority: true }, here), 'https://10.0.0.5:8766/talk?room=a#t=x');
  const proxied = { secure_url: 'https://example.org/sottovoce/', has_authority: true };
  assert.equal(secureAddress(proxied, here), 'https://example.org/sottovoce/talk?room=a#t=x');
  assert.equal(secureAddress(proxied, new URL('http://box/captions/')), 'https://example.org/sottovoce/');
  assert.equal(secureAddress({ secure_url: 'javascript:alert(1)', has_authority: true }, here), null);
  assert.equal(secureAddress(null, here), null);
});

test('the other device gets the other side, and chooses its own language', () => {
  const other = partnerAddress(new URL('https://box/talk?room=desk&side=a&to=en#t=x'), 'a');
  assert.equal(other, 'https://box/talk?room=desk&side=b#t=x');
});

/** A storage of the browser that holds `entries`. */
function storageOf(entries) {
  const held = new Map(Object.entries(entries).map(([key, value]) => [key, JSON.stringify(value)]));
  return { getItem: (key) => held.get(key) ?? null, setItem: (key, text) => held.set(key, text), read: (key) => JSON.parse(held.get(key)) };
}

test('what earlier versions kept is read, and kept on under the same names', () => {
  const local = storageOf({ 'sottovoce.reading': { lane: 'de', size: 4, source: true } });
  globalThis.localStorage = local;
  const settings = recallListenerSettings();
  assert.deepEqual([settings.column, settings.size, settings.source], ['de', 4, true]);
  keepListenerSettings({ ...settings, column: 'fr' });
  assert.deepEqual([local.read('sottovoce.reading').lane, local.read('sottovoce.reading').size], ['fr', 4]);

  const seat = { session: 's1', resume: 'r1', last_seq: 7 };
  const tab = storageOf({ 'sottovoce.read.main': { seat, texts: { logs: [], segments: [] } } });
  globalThis.sessionStorage = tab;
  globalThis.document = { addEventListener: () => {} };
  globalThis.addEventListener = () => {};
  const model = { restore: () => [], save: () => ({}), clear: () => {} };
  const store = new TranscriptStore('main', model, () => ({ ...seat, last_seq: 9 }));
  assert.deepEqual(store.load(), { changes: [], resumePoint: seat });
  store.clear();
  assert.equal(tab.read('sottovoce.read.main').seat.last_seq, 9);
});
