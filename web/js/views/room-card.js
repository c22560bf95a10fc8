/** One room on the operator's page. */

import { listenerCounts } from './audience-view.js';
import { button, element, fillFigures } from './elements.js';
import { stageLatency } from './stage-latency.js';

/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {Record<string, any>} RoomStatus of the protocol's `status` */

/** A press that ends a talk has to come twice. */
const ARMED_MS = 4_000;
/** Less is in time: it comes and goes with every sentence. */
const BEHIND_MS = 500;

export class RoomCard {
  #words;
  #name;
  /** @type {RoomStatus} */
  #room = {};
  #parts;
  #disarmTimer = 0;

  /**
   * @param {string} name
   * @param {Words} words
   * @param {{mute: (room: string, muted: boolean) => void, stop: (room: string) => void}} actions
   */
  constructor(name, words, { mute, stop }) {
    this.#name = name;
    this.#words = words;
    const state = element('p', 'state', [element('span', 'dot'), element('span')]);
    this.#parts = {
      state,
      alert: element('p', 'card-alert'),
      listeners: element('ul', 'listeners'),
      figures: element('dl', 'figures'),
      stages: element('div'),
      mute: button('', () => mute(name, !this.#room.muted)),
      stop: button('', () => this.#armed() && stop(name), 'plain danger'),
    };
    const { alert, listeners, figures, stages } = this.#parts;
    const actions = element('div', 'card-actions', [this.#parts.mute, this.#parts.stop]);
    const head = element('div', 'card-head', [element('h3', '', [name]), state]);
    this.root = element('article', 'card', [head, alert, listeners, figures, stages, actions]);
    this.root.dataset.room = name;
  }

  /** @param {RoomStatus} room @param {Words} words */
  show(room, words) {
    this.#room = room;
    this.#words = words;
    const { state, mute, stop, figures, stages } = this.#parts;
    const key = room.muted ? 'muted' : room.speaking ? 'speaking' : room.source ? 'away' : 'quiet';
    state.dataset.state = key === 'speaking' ? 'live' : key;
    /** @type {HTMLElement} */ (state.lastElementChild).textContent = words.say(`room_${key}`);
    mute.textContent = words.say(room.muted ? 'unmute' : 'mute');
    mute.disabled = stop.disabled = !room.source;
    mute.setAttribute('aria-label', `${mute.textContent}: ${this.#name}`);
    if (!stop.dataset.armed) this.#labelStop('stop_talk');
    this.#showAlert(room.conditions ?? []);
    this.#showListeners(room.listeners ?? {});
    fillFigures(figures, this.#figures());
    stages.replaceChildren(...stageLatency(room.latency?.stages ?? {}, room.latency?.capture_painted_ms, words, this.#name));
  }

  /** What is wrong; that it is muted is its state. @param {string[]} conditions codes of notices */
  #showAlert(conditions) {
    const { alert } = this.#parts;
    const codes = conditions.filter((code) => code !== 'muted');
    alert.textContent = codes.map((code) => this.#words.notice(code, code)).join(' ');
    alert.hidden = codes.length === 0;
  }

  /** @param {Record<string, number>} listeners by language */
  #showListeners(listeners) {
    const items = listenerCounts(listeners, this.#words).map((text) => element('li', '', [text]));
    this.#parts.listeners.replaceChildren(...(items.length > 0 ? items : [element('li', '', [this.#words.say('listeners_none')])]));
  }

  /** @returns {[string, string][]} */
  #figures() {
    const { source, behind_ms: behind = {}, latency = {} } = this.#room;
    const words = this.#words;
    const late = Object.entries(behind).filter(([, ms]) => ms >= BEHIND_MS);
    const lag = late.map(([stage, ms]) => `${this.#stageName(stage)} ${words.seconds(ms)}`).join(', ');
    const both = (/** @type {{p50: number, p95: number} | undefined} */ found) =>
      found ? `${words.seconds(found.p50)} · ${words.seconds(found.p95)}` : '–';
    return [
      [words.say('spoken'), source ? words.languageName(source) : '–'],
      [words.say('behind'), lag || words.say('behind_not')],
      [words.say('capture_sent'), both(latency.capture_sent_ms)],
      [words.say('capture_painted'), both(latency.capture_painted_ms)],
    ];
  }

  /** @param {string} stage such as `mt.en` */
  #stageName(stage) {
    const [kind, lang] = stage.split('.');
    const name = this.#words.has(`stage_${kind}`) ? this.#words.say(`stage_${kind}`) : kind;
    return lang ? `${name} ${this.#words.languageName(lang)}` : name;
  }

  /** @returns {boolean} whether this was the second press */
  #armed() {
    const { stop } = this.#parts;
    clearTimeout(this.#disarmTimer);
    if (stop.dataset.armed) {
      this.#disarm();
      return true;
    }
    stop.dataset.armed = 'yes';
    this.#labelStop('stop_sure');
    this.#disarmTimer = setTimeout(() => this.#disarm(), ARMED_MS);
    return false;
  }

  #disarm() {
    delete this.#parts.stop.dataset.armed;
    this.#labelStop('stop_talk');
  }

  /** @param {string} key */
  #labelStop(key) {
    const { stop } = this.#parts;
    stop.textContent = this.#words.say(key);
    stop.setAttribute('aria-label', `${stop.textContent}: ${this.#name}`);
  }
}
