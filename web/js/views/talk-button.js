/** The one button that begins and ends a talk, and what it says in each phase. */

/** @typedef {import('../audio/talk.js').Phase} Phase */

export class TalkButton {
  #button;
  #say;
  /** @type {Phase} */
  #phase = 'idle';

  /**
   * @param {HTMLElement} button
   * @param {(key: string) => string} say
   * @param {{start: () => void, stop: () => void}} actions
   */
  constructor(button, say, { start, stop }) {
    this.#button = button;
    this.#say = say;
    button.addEventListener('click', () => {
      if (this.#phase === 'idle') start();
      else if (this.#phase === 'running') stop();
    });
  }

  /** @param {Phase} [phase] */
  show(phase = this.#phase) {
    this.#phase = phase;
    this.#button.textContent = this.#say(phase === 'running' || phase === 'finishing' ? 'stop' : 'start');
    this.#button.setAttribute('aria-disabled', String(phase === 'starting' || phase === 'finishing'));
    this.#button.dataset.phase = phase;
  }
}
