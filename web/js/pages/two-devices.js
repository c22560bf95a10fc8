/** A conversation on two devices: each speaks in a room of its own and listens to the other's. */

import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { CaptionStage } from '../views/captions-presenter.js';
import { Listening } from '../wire/listener-session.js';
import { credentials } from '../wire/page-address.js';

/** @typedef {import('../captions/caption-model.js').Change} Change */
/** @typedef {import('../wire/protocol.js').Message} Message */

/** The lane in which both people stand. */
export const BOTH = 'both';
const OTHER = Object.freeze({ a: 'b', b: 'a' });

/** @param {string | null} side @returns {side is 'a' | 'b'} */
export function isSide(side) {
  return side === 'a' || side === 'b';
}

/** Address of the other device's page. @param {URL} here @param {'a' | 'b'} side of this one */
export function partnerAddress(here, side) {
  const url = new URL(here);
  url.searchParams.set('side', OTHER[side]);
  url.searchParams.delete('to');
  return url.href;
}

export class TwoDevices {
  #mine;
  #theirs;
  #listening;
  #language;
  #entry;

  /**
   * @param {object} wiring
   * @param {string} wiring.url
   * @param {import('../wire/page-address.js').Place} wiring.place
   * @param {'a' | 'b'} wiring.side
   * @param {string} wiring.language of whoever holds this device
   * @param {(change: Change) => void} wiring.show
   * @param {import('../views/captions-presenter.js').Follower} wiring.follower told of the other's words
   * @param {(state: string) => void} wiring.state of the other's room
   */
  constructor({ url, place, side, language, show, follower, state }) {
    this.#language = language;
    this.#entry = credentials(place, `${place.room}.${side}`);
    let order = 0;
    const nextOrder = () => (order += 1);
    const own = (/** @type {Change} */ change) => change.lane === SPOKEN && show({ ...change, lane: BOTH, own: true });
    const other = (/** @type {Change} */ change) => this.#isMine(change) && show({ ...change, lane: BOTH, own: false });
    const view = (/** @type {(change: Change) => void} */ one) => ({
      show: one,
      showAll: (/** @type {Change[]} */ changes) => changes.forEach(one),
    });
    const heard = { add: (/** @type {Change} */ change) => this.#isMine(change) && follower.add({ ...change, lane: BOTH }) };
    this.#mine = new CaptionStage(new CaptionModel({ prefix: 'mine/', nextOrder }), view(own));
    this.#theirs = new CaptionStage(new CaptionModel({ prefix: 'theirs/', nextOrder }), view(other), [heard]);
    const reading = { targets: [language], mode: /** @type {const} */ ('fast') };
    this.#listening = new Listening(url, credentials(place, `${place.room}.${OTHER[side]}`), reading, {
      opened: (hello) => {
        this.#theirs.enter(hello);
        state(hello.session ? 'reading' : 'no_partner');
      },
      message: (message) => {
        if (!this.#theirs.take(message, this.#listening.clock) && message.type === 'end') state('no_partner');
      },
      state: (one) => one !== 'live' && state(one === 'waiting' ? 'returning' : one),
      closed: () => {}, // patient: it never is
      refused: ({ key }) => key === 'bad_request' && this.#listening.set({ targets: [] }), // they speak what nobody can translate
    }, { patient: true });
    this.#listening.open();
  }

  /** What this device says in its hello. */
  get entry() {
    return this.#entry;
  }

  /** @param {string} language */
  read(language) {
    this.#language = language;
    this.#listening.set({ targets: [language] });
  }

  /** Of this device's own talk. @param {Message} hello */
  enter(hello) {
    this.#mine.enter(hello);
  }

  /** Of this device's own talk. @param {Message} message @param {import('../wire/paint-clock.js').PaintClock} clock */
  take(message, clock) {
    return this.#mine.take(message, clock);
  }

  nudge() {
    this.#listening.nudge();
  }

  /** @param {Change} change */
  #isMine(change) {
    return change.lane === this.#language;
  }
}
