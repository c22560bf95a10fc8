/** The operator's page: rooms, invitations and the state of the service. */

import { showCost } from '../views/cost-view.js';
import { button, byId, element, fillFigures } from '../views/elements.js';
import { inviteParts } from '../views/invite-view.js';
import { retryOnReturn } from '../views/page-return.js';
import { RoomCard } from '../views/room-card.js';
import { Shell } from '../views/shell.js';
import { StatusView } from '../views/status-view.js';
import { OperatorSession } from '../wire/operator-session.js';
import { credentials, pageAddress, webSocketUrl } from '../wire/page-address.js';

/** @typedef {import('../wire/protocol.js').Message} Message */

const shell = await Shell.open();
const address = pageAddress(location.href);
const status = StatusView.ofPage(shell.words);
/** @type {Map<string, RoomCard>} */
const cards = new Map();
/** @type {Message | null} */
let latest = null;

const session = new OperatorSession(webSocketUrl(document.baseURI), credentials(address), {
  status: (message) => {
    latest = message;
    show();
  },
  invite: (invite) => byId('invites').prepend(inviteCard(invite)),
  notice: (notice) => status.notify(shell.notice(notice)),
  state: (state) => status.setState({ live: 'operating', waiting: 'returning', connecting: 'connecting', closed: 'offline' }[state]),
  closed: (problem) => problem && status.showProblem(problem),
});

function show() {
  if (!latest) return;
  const { rooms, server } = latest;
  const names = new Set(rooms.map((/** @type {any} */ { room }) => room));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.root.remove();
    cards.delete(name);
  }
  for (const room of rooms) cardOf(room.room).show(room, shell.words);
  byId('no-rooms').hidden = rooms.length > 0;
  fillFigures(byId('server'), serverFigures(server));
  showCost({ section: byId('cost'), figures: byId('cost-figures'), prices: byId('cost-elsewhere') }, server.cost, shell.words);
}

/** @param {string} name */
function cardOf(name) {
  const known = cards.get(name);
  if (known) return known;
  const card = new RoomCard(name, shell.words, {
    mute: (room, muted) => session.mute(room, muted),
    stop: (room) => session.stop(room),
  });
  cards.set(name, card);
  byId('rooms').append(card.root);
  return card;
}

/** @param {Record<string, any>} server @returns {[string, string][]} */
function serverFigures({ uptime_s, sessions, connections, rss_bytes, recent_latency_ms = {} }) {
  const { words } = shell;
  const whole = recent_latency_ms.glass_to_glass;
  const count = (/** @type {number | undefined} */ n) => (n === undefined ? '–' : n.toLocaleString(words.language));
  return [
    [words.say('server_sessions'), count(sessions)],
    [words.say('server_connections'), count(connections)],
    [words.say('latency_total'), whole?.count ? `${words.seconds(whole.p50)} · ${words.seconds(whole.p95)}` : '–'],
    [words.say('server_memory'), rss_bytes ? `${count(Math.round(rss_bytes / 2 ** 20))} MB` : '–'],
    [words.say('server_uptime'), uptime_s === undefined ? '–' : duration(uptime_s)],
  ];
}

/** @param {number} seconds */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}

/** @param {Message} invite */
function inviteCard(invite) {
  const { role, room, token_id: id, expires_s: expires } = invite;
  const title = element('h3', '', [shell.say(`invited_${role}`, { room })]);
  const parts = inviteParts(/** @type {any} */ (invite), shell.words);
  const until = element('p', 'hint', expires ? [shell.say('valid_until', { time: moment(expires) })] : []);
  const card = element('article', 'card', [title, ...parts, until]);
  if (id) {
    const revoke = button(shell.say('revoke'), () => {
      session.revoke(id);
      card.replaceChildren(title, element('p', 'hint', [shell.say('revoked')]));
    }, 'plain danger');
    card.append(revoke);
  }
  return card;
}

/** @param {number} unix_s */
function moment(unix_s) {
  return new Date(unix_s * 1000).toLocaleString(shell.words.language, { dateStyle: 'medium', timeStyle: 'short' });
}

byId('invite-room').value = address.room;
byId('invite-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const data = new FormData(byId('invite-form'));
  status.notify('');
  session.invite(String(data.get('role')), String(data.get('room')), Number(data.get('valid')));
});
shell.draw((words) => {
  status.setWords(words);
  show();
});
retryOnReturn(() => session.retryNow());
