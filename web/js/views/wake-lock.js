/** Keeps the screen on while captions are read. */

export class WakeLock {
  #wanted = false;
  /** @type {WakeLockSentinel | null} */
  #lock = null;

  constructor() {
    // The browser takes the lock away when the page is hidden.
    document.addEventListener('visibilitychange', () => this.#renew());
  }

  /** Whether this browser can, on this page: only secure pages may. */
  static get possible() {
    return 'wakeLock' in navigator;
  }

  /** @param {boolean} on */
  async turn(on) {
    this.#wanted = on;
    if (on) await this.#renew();
    else {
      const lock = this.#lock;
      this.#lock = null;
      await lock?.release();
    }
  }

  async #renew() {
    if (!this.#wanted || document.hidden || !WakeLock.possible || (this.#lock && !this.#lock.released)) return;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
    } catch {
      this.#lock = null; // refused, such as on a low battery: the screen goes dark as it always does
    }
  }
}
