/** A place on the screen for one lane of the captions. */

import { CaptionsView } from './captions-view.js';

/** @typedef {import('../captions/caption-model.js').Change} Change */

export class LanePane {
  #view;
  #lane;

  /**
   * @param {import('./captions-view.js').CaptionsParts} parts
   * @param {string} lane
   * @param {{most?: number}} [options] see `CaptionsView`
   */
  constructor(parts, lane, options) {
    this.#view = new CaptionsView(parts, options);
    this.#lane = lane;
    this.#view.setLanes([lane], (one) => one);
  }

  get view() {
    return this.#view;
  }

  get lane() {
    return this.#lane;
  }

  /** Another language from now on; what was said before goes. @param {string} lane */
  turn(lane) {
    if (lane === this.#lane) return;
    this.#lane = lane;
    this.#view.clear();
    this.#view.setLanes([lane], (one) => one);
  }

  /** @param {Change} change shown if it is of this lane @returns {boolean} whether it is */
  show(change) {
    return change.lane === this.#lane && this.#view.show(change);
  }

  /** @param {Change[]} changes */
  showAll(changes) {
    this.#view.showAll(changes.filter(({ lane }) => lane === this.#lane));
  }
}

/** Several panes as one view. @param {LanePane[]} panes */
export function sideBySide(panes) {
  return {
    show: (/** @type {Change} */ change) => panes.map((pane) => pane.show(change)).includes(true),
    showAll: (/** @type {Change[]} */ changes) => panes.forEach((pane) => pane.showAll(changes)),
  };
}
