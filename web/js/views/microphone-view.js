/** Which microphone: a list that appears once there is a choice and the browser tells the names. */

import { microphones } from '../audio/microphone.js';
import { keep, recall } from './storage.js';

const KEY = 'sottovoce.microphone';

export class MicrophoneView {
  #field;
  #select;
  #words;

  /** @param {HTMLElement} field @param {HTMLSelectElement} select @param {import('../strings/i18n.js').Words} words */
  constructor(field, select, words) {
    this.#field = field;
    this.#select = select;
    this.#words = words;
    select.addEventListener('change', () => keep(KEY, select.value || null));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.refresh());
    this.refresh();
  }

  /** Id of the chosen one; empty: the browser's own choice. @returns {string} */
  get choice() {
    return recall(KEY) ?? '';
  }

  /** @param {import('../strings/i18n.js').Words} words */
  setWords(words) {
    this.#words = words;
    this.refresh();
  }

  /** Names are there after the first use. */
  async refresh() {
    const named = (await microphones()).filter(({ label }) => label);
    this.#field.hidden = named.length < 2;
    this.#select.replaceChildren(
      new Option(this.#words.say('mic_default'), ''),
      ...named.map(({ id, label }) => new Option(label, id)),
    );
    this.#select.value = named.some(({ id }) => id === this.choice) ? this.choice : '';
  }

  /** @param {boolean} locked while it is in use */
  lock(locked) {
    this.#select.disabled = locked;
  }
}
