/** Buttons that play the bundled clips. */

import { SAMPLES } from '../audio/sample.js';

export class SamplesView {
  #box;
  #onPick;

  /** @param {HTMLElement} box @param {(language: string) => void} onPick */
  constructor(box, onPick) {
    this.#box = box;
    this.#onPick = onPick;
  }

  /** @param {import('../strings/i18n.js').Words} words */
  draw(words) {
    const buttons = Object.keys(SAMPLES).map((code) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'chip';
      button.textContent = words.languageName(code);
      button.dataset.sample = code;
      button.setAttribute('aria-label', words.say('sample_play', { language: words.languageName(code) }));
      button.addEventListener('click', () => this.#onPick(code));
      return button;
    });
    this.#box.replaceChildren(...buttons);
  }

  /** @param {boolean} locked */
  lock(locked) {
    for (const button of this.#box.querySelectorAll('button')) button.disabled = locked;
  }
}
