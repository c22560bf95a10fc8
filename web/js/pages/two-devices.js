/** A conversation on two devices: each speaks in a room of its own and listens to the other's. */

import { CaptionModel, SPOKEN } from '../captions/caption-model.js';
import { CaptionsPresenter } from '../views/captions-presenter.js';
import { stateKey } from '../views/status-view.js';
import { ListenerSession } from '../wire/listener-session.js';
import { OTHER_SIDE, credentials } from '../wire/page-address.js';
import { MODE } from '../wire/protocol.js';

/** @typedef {import('../captions/caption-model.js').Change} Change */
/** @typedef {import('../wire/protocol.js').Message} Message */

/** The column in which both people stand. */
export const BOTH = 'both';

export class TwoDevices {
  #mine;
  #theirs;
  #session;
  #language;
  #credentials;

  /**
   * @param {object} wiring
   * @param {string} wiring.url
   * @param {import('../wire/page-address.js').PageAddress} wiring.address
   * @param {'a' | 'b'} wiring.side
   * @param {string} wiring.language of whoever holds this device
   * @param {(change: Change) => boolean} wiring.show
   * @param {import('../views/captions-presenter.js').Subscriber} wiring.subscriber told of the other's words
   * @param {(state: string) => void} wiring.state of the other's room
   */
  constructor({ url, address, side, language, show, subscriber, state }) {
    this.#language = language;
    this.#credentials = credentials(address, `${address.room}.${side}`);
    let order = 0;
    const nextOrder = () => (order += 1);
    const own = (/** @type {Change} */ change) => change.column === SPOKEN && show({ ...change, column: BOTH, own: true });
    const other = (/** @type {Change} */ change) => this.#isMine(change) && show({ ...change, column: BOTH, own: false });
    const view = (/** @type {(change: Change) => boolean} */ one) => ({
      show: one,
      showAll: (/** @type {Change[]} */ changes) => changes.forEach(one),
    });
    const heard = { add: (/** @type {Change} */ change) => this.#isMine(change) && subscriber.add({ ...change, column: BOTH }) };
    this.#mine = new CaptionsPresenter(new CaptionModel({ prefix: 'mine/', nextOrder }), view(own));
    this.#theirs = new CaptionsPresenter(new CaptionModel({ prefix: 'theirs/', nextOrder }), view(other), [heard]);
    const choice = { targets: [language], mode: MODE.FAST };
    this.#session = new ListenerSession(url, credentials(address, `${address.room}.${OTHER_SIDE[side]}`), choice, {
      opened: (hello) => {
        this.#theirs.enter(hello);
        state(hello.session ? 'reading' : 'no_partner');
      },
      message: (message) => {
        if (!this.#theirs.take(message, this.#session.clock) && message.type === 'end') state('no_partner');
      },
      state: (one) => one !== 'live' && state(stateKey(one)),
      closed: () => {}, // with `retryRefused` it never is
      refused: ({ key }) => key === 'bad_request' && this.#session.set({ targets: [] }), // they speak what nobody can translate
    }, { retryRefused: true });
    this.#session.open();
  }

  /** What this device says in its hello. */
  get credentials() {
    return this.#credentials;
  }

  /** @param {string} language */
  read(language) {
    this.#language = language;
    this.#session.set({ targets: [language] });
  }

  /** Of this device's own talk. @param {Message} hello */
  enter(hello) {
    this.#mine.enter(hello);
  }

  /** Of this device's own talk. @param {Message} message @param {import('../wire/paint-clock.js').PaintClock} clock */
  take(message, clock) {
    return this.#mine.take(message, clock);
  }

  retryNow() {
    this.#session.retryNow();
  }

  /** @param {Change} change */
  #isMine(change) {
    return change.column === this.#language;
  }
}
