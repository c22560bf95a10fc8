/** Shows one column of the captions: what was spoken, or one language. */

import { CaptionsView } from './captions-view.js';

/** @typedef {import('../captions/caption-model.js').Change} Change */

export class ColumnView {
  #view;
  #column;

  /**
   * @param {import('./captions-view.js').CaptionsParts} parts
   * @param {string} column
   * @param {{most?: number}} [options] see `CaptionsView`
   */
  constructor(parts, column, options) {
    this.#view = new CaptionsView(parts, options);
    this.#column = column;
    this.#view.setColumns([column], (one) => one);
  }

  get view() {
    return this.#view;
  }

  get column() {
    return this.#column;
  }

  /** Another language from now on; what was said before goes. @param {string} column */
  setColumn(column) {
    if (column === this.#column) return;
    this.#column = column;
    this.#view.clear();
    this.#view.setColumns([column], (one) => one);
  }

  /** @param {Change} change shown if it is of this column @returns {boolean} whether it is */
  show(change) {
    return change.column === this.#column && this.#view.show(change);
  }

  /** @param {Change[]} changes */
  showAll(changes) {
    this.#view.showAll(changes.filter(({ column }) => column === this.#column));
  }
}

/** Several views as one view. @param {ColumnView[]} views */
export function sideBySide(views) {
  return {
    show: (/** @type {Change} */ change) => views.map((view) => view.show(change)).includes(true),
    showAll: (/** @type {Change[]} */ changes) => views.forEach((view) => view.showAll(changes)),
  };
}
