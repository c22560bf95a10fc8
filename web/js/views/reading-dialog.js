/** The listener's panel: letters, what is shown, voice, and the transcript to take away. */

import { byId } from './elements.js';
import { SIZES } from './listener-settings.js';
import { TranscriptTools } from './transcript-tools.js';
import { WakeLock } from './wake-lock.js';

/** @typedef {import('./listener-settings.js').ListenerSettings} ListenerSettings */

/**
 * @typedef {object} ReadingDialogHooks
 * @property {(change: Partial<ListenerSettings>) => void} changed the settings have been written to
 * @property {(on: boolean) => void} aloud not remembered: a browser speaks only after a touch
 * @property {() => void} forget
 * @property {() => import('./transcript-tools.js').Transcript} file
 */

export class ReadingDialog {
  #settings;
  #hooks;
  /** @type {import('../strings/i18n.js').Words | null} */
  #words = null;
  #transcript;
  #dialog = /** @type {HTMLDialogElement} */ (byId('reading-dialog'));

  /** @param {ListenerSettings} settings @param {ReadingDialogHooks} hooks */
  constructor(settings, hooks) {
    this.#settings = settings;
    this.#hooks = hooks;
    byId('more').addEventListener('click', () => this.#dialog.showModal());
    byId('reading-close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', ({ target }) => target === this.#dialog && this.#dialog.close());
    byId('smaller').addEventListener('click', () => this.#resize(-1));
    byId('larger').addEventListener('click', () => this.#resize(1));
    byId('awake-field').hidden = !WakeLock.possible;
    this.#bindForm(byId('reading'));
    this.#transcript = new TranscriptTools(this.#dialog, byId('transcript-hint'), hooks.file);
    byId('forget').addEventListener('click', () => {
      hooks.forget();
      this.#transcript.tell('forgotten');
    });
  }

  /** @param {import('../strings/i18n.js').Words} words */
  setWords(words) {
    this.#words = words;
    this.#transcript.setWords(words);
  }

  /** @param {HTMLElement} captions whose letters change */
  showSize(captions) {
    const size = SIZES[this.#settings.size];
    captions.style.setProperty('--size', `${size}rem`);
    byId('size').textContent = `${Math.round(size * 100)} %`;
    byId('smaller').disabled = this.#settings.size === 0;
    byId('larger').disabled = this.#settings.size === SIZES.length - 1;
  }

  /** @param {boolean} has whether this device has a voice of its own for the language */
  showVoice(has) {
    const aloud = this.#input('aloud');
    aloud.disabled = !has;
    byId('rate-field').hidden = !(has && aloud.checked);
    byId('aloud-hint').textContent = this.#words?.say(has ? 'aloud_hint' : 'aloud_none') ?? '';
  }

  /** @param {HTMLFormElement} form */
  #bindForm(form) {
    form.addEventListener('submit', (event) => event.preventDefault());
    for (const name of /** @type {const} */ (['source', 'calm', 'awake'])) {
      const input = this.#input(name);
      input.checked = this.#settings[name];
      input.addEventListener('change', () => this.#change({ [name]: input.checked }));
    }
    const rate = this.#input('rate');
    rate.value = String(this.#settings.rate);
    rate.addEventListener('change', () => this.#change({ rate: Number(rate.value) }));
    const aloud = this.#input('aloud');
    aloud.checked = false; // a browser may bring it back over a reload
    aloud.addEventListener('change', () => {
      byId('rate-field').hidden = !aloud.checked;
      this.#hooks.aloud(aloud.checked);
    });
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #input(name) {
    return byId('reading').elements.namedItem(name);
  }

  /** @param {Partial<ListenerSettings>} change */
  #change(change) {
    Object.assign(this.#settings, change);
    this.#hooks.changed(change);
  }

  /** @param {number} by */
  #resize(by) {
    this.#change({ size: Math.min(SIZES.length - 1, Math.max(0, this.#settings.size + by)) });
  }
}
