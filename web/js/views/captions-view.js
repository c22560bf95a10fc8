/** Draws caption changes. Committed text is only ever added to; text comes in through text nodes alone. */

import { SPOKEN } from '../captions/caption-model.js';
import { typeset } from '../captions/typeset.js';

/** @typedef {import('../captions/caption-model.js').Change} Change */
/** @typedef {{root: HTMLElement, committed: HTMLElement, gap: HTMLElement, tail: HTMLElement}} CellView */

/**
 * @typedef {object} CaptionsParts
 * @property {HTMLElement} captions what scrolls
 * @property {HTMLElement} rows
 * @property {HTMLElement} [headings] above the columns
 * @property {HTMLElement} [empty] shown until something is said
 * @property {HTMLElement} [jump] leads a reader who scrolled up back to the end
 */

/** Who comes back so near to the end reads along again, in CSS pixels. */
const FOLLOW_PX = 48;
/** Nearer than this is the end: positions are rounded, and zoomed pages have fractions. */
const END_PX = 2;

/** Not rounded to CSS pixels, as `offsetHeight` is: a line may be a fraction of them high. @param {HTMLElement} element */
const exactHeight = (element) => element.getBoundingClientRect().height;

export class CaptionsView {
  #scroller;
  #rows;
  #headings;
  #empty;
  #jump;
  /** @type {string[]} */
  #columns = [];
  /** @type {(column: string) => string} */
  #title = (column) => column;
  /** @type {Map<string, HTMLElement>} */
  #rowByKey = new Map();
  /** @type {Map<string, CellView>} */
  #cells = new Map();
  /** @type {Set<HTMLElement>} cells that may not shrink now */
  #held = new Set();
  /** @type {Set<HTMLElement>} cells that are final, with others below, and still hold their height */
  #settled = new Set();
  #isBulk = false;
  #following = true;
  #top = 0;
  #most;

  /**
   * @param {CaptionsParts} parts
   * @param {{most?: number}} [options] `most`: rows kept on screen
   */
  constructor({ captions, rows, headings, empty, jump }, { most = Infinity } = {}) {
    this.#most = most;
    this.#scroller = captions;
    this.#rows = rows;
    this.#headings = headings;
    this.#empty = empty;
    this.#jump = jump;
    captions.addEventListener('scroll', () => this.#followScroll(), { passive: true });
    jump?.addEventListener('click', () => this.jumpToLive());
    new ResizeObserver(() => this.#releaseHeights()).observe(captions);
  }

  /**
   * @param {string[]} columns columns from left to right; cells of columns that went away are hidden, not deleted
   * @param {(column: string) => string} title
   */
  setColumns(columns, title) {
    this.#columns = columns;
    this.#title = title;
    this.#scroller.style.setProperty('--columns', String(columns.length));
    this.#headings?.replaceChildren(...columns.map((column) => this.#heading(column)));
    const anchor = this.#following ? undefined : this.#firstSeen();
    const was = anchor?.offsetTop ?? 0;
    for (const cell of this.#cells.values()) this.#place(cell.root);
    if (anchor?.offsetHeight) this.#scroller.scrollTop += anchor.offsetTop - was; // the reader stays at the same sentence
    this.#scrollIfFollowing();
  }

  /** Takes all text away. */
  clear() {
    this.#rows.replaceChildren();
    this.#rowByKey.clear();
    this.#cells.clear();
    this.#held.clear();
    this.#settled.clear();
    this.#rows.style.removeProperty('min-height');
    if (this.#empty) this.#empty.hidden = false;
    if (this.#headings) this.#headings.hidden = true;
    this.#following = true;
    this.#scrollIfFollowing();
  }

  /** Letters have another size: what was measured means nothing any more. */
  relayout() {
    this.#releaseHeights();
  }

  /** The first row that the reader sees. */
  #firstSeen() {
    const { scrollTop } = this.#scroller;
    const rows = /** @type {HTMLElement[]} */ ([...this.#rows.children]);
    return rows.find((row) => row.offsetTop + row.offsetHeight > scrollTop);
  }

  /** Shows a mark between two sessions. @param {string} text */
  divide(text) {
    if (!this.#rows.lastElementChild) return;
    const line = document.createElement('p');
    line.className = 'divide';
    line.textContent = text;
    this.#rows.append(line);
  }

  /** Tails may be hidden (calm). @param {boolean} shown */
  showTails(shown) {
    this.#scroller.classList.toggle('calm', !shown);
  }

  /** Many at once, such as what was said before; measured once. @param {Change[]} changes */
  showAll(changes) {
    this.#isBulk = true;
    for (const change of changes) this.show(change);
    this.#isBulk = false;
    this.#scrollIfFollowing();
  }

  /** @param {Change} change @returns {boolean} whether it is in a column that is shown */
  show(change) {
    if (this.#empty) this.#empty.hidden = true;
    if (this.#headings) this.#headings.hidden = false;
    const { root, committed, gap, tail } = this.#cell(change);
    root.lang = change.lang;
    root.classList.toggle('own', change.own);
    if (change.append) committed.append(document.createTextNode(typeset(change.append, change.lang)));
    const shown = typeset(change.tail, change.lang);
    const words = shown.trimStart();
    gap.textContent = shown.slice(0, shown.length - words.length);
    if (tail.textContent !== words) tail.textContent = words;
    if (change.final) {
      this.#settle(root);
      committed.normalize(); // a long talk would end in a hundred thousand text nodes
    } else this.#holdHeight(root);
    this.#scrollIfFollowing();
    return this.#columns.includes(change.column);
  }

  jumpToLive() {
    this.#following = true;
    if (this.#jump) this.#jump.hidden = true;
    this.#scrollIfFollowing();
    this.#scroller.focus({ preventScroll: true });
  }

  /** @param {string} column */
  #heading(column) {
    const heading = document.createElement('div');
    heading.textContent = this.#title(column);
    heading.dataset.column = column;
    return heading;
  }

  /** @param {Change} change @returns {CellView} */
  #cell(change) {
    const key = `${change.row}/${change.column}`;
    const known = this.#cells.get(key);
    if (known) return known;
    const root = document.createElement('p');
    root.className = change.column === SPOKEN ? 'cell spoken' : 'cell';
    root.dataset.column = change.column;
    root.dir = 'auto';
    const committed = document.createElement('span');
    committed.className = 'committed';
    const tail = document.createElement('span');
    tail.className = 'tail';
    const gap = document.createElement('span'); // the space before the tail is not underlined
    gap.className = 'gap';
    root.append(committed, gap, tail);
    this.#place(root);
    this.#insert(this.#row(change), root);
    const view = { root, committed, gap, tail };
    this.#cells.set(key, view);
    return view;
  }

  /** Cells stand in the order of their columns, for readers without columns too. @param {HTMLElement} row @param {HTMLElement} root */
  #insert(row, root) {
    const rank = (/** @type {Element} */ cell) => this.#columns.indexOf(/** @type {HTMLElement} */ (cell).dataset.column ?? '');
    row.insertBefore(root, [...row.children].find((cell) => rank(cell) > rank(root)) ?? null);
  }

  /** @param {HTMLElement} root */
  #place(root) {
    const column = root.dataset.column ?? '';
    const position = this.#columns.indexOf(column);
    root.hidden = position < 0;
    root.dataset.title = this.#title(column);
    root.style.setProperty('--column', String(position + 1));
  }

  /** @param {Change} change */
  #row({ row, order }) {
    const known = this.#rowByKey.get(row);
    if (known) return known;
    const element = document.createElement('div');
    element.className = 'row';
    element.dataset.order = String(order);
    let after = /** @type {HTMLElement | null} */ (this.#rows.lastElementChild); // where nearly every row belongs
    const isLater = (/** @type {HTMLElement} */ one) => Number(one.dataset.order ?? -Infinity) >= order;
    while (after && isLater(after)) after = /** @type {HTMLElement | null} */ (after.previousElementSibling);
    if (after) after.after(element);
    else this.#rows.prepend(element);
    this.#rowByKey.set(row, element);
    element.dataset.row = row;
    this.#prune();
    return element;
  }

  #prune() {
    while (this.#rows.childElementCount > this.#most) {
      const oldest = /** @type {HTMLElement} */ (this.#rows.firstElementChild);
      const key = oldest.dataset.row ?? '';
      for (const cell of /** @type {Iterable<HTMLElement>} */ (oldest.children)) {
        this.#cells.delete(`${key}/${cell.dataset.column}`);
        this.#held.delete(cell);
        this.#settled.delete(cell);
      }
      this.#rowByKey.delete(key);
      oldest.remove();
      this.#rows.style.removeProperty('min-height');
    }
  }

  /** A tail that gets shorter must not pull up the lines below: an open cell does not shrink. @param {HTMLElement} root */
  #holdHeight(root) {
    if (this.#isBulk || root.hidden) return;
    this.#held.add(root);
    const height = exactHeight(root);
    if (height > Number.parseFloat(root.style.minHeight || '0')) root.style.minHeight = `${height}px`;
  }

  /** A final text may be shorter than its tail was: the lines above stay where they are, and so do those below. @param {HTMLElement} root */
  #settle(root) {
    if (!this.#held.delete(root)) return;
    if (root.parentElement?.nextElementSibling) {
      this.#settled.add(root); // until it is out of sight
      return;
    }
    const height = exactHeight(this.#rows);
    root.style.removeProperty('min-height');
    if (exactHeight(this.#rows) < height) this.#rows.style.minHeight = `${height}px`; // the next text fills it
  }

  /** Above what the reader sees, cells shrink unseen: the view is at the end, and the end moves with them. */
  #shrinkUnseen() {
    const unseen = [...this.#settled].filter((root) => root.offsetTop + root.offsetHeight < this.#scroller.scrollTop);
    if (unseen.length === 0) return;
    const rows = new Set(unseen.map(({ parentElement }) => /** @type {HTMLElement} */ (parentElement)));
    const height = () => [...rows].reduce((sum, row) => sum + exactHeight(row), 0);
    const before = height();
    for (const root of unseen) {
      root.style.removeProperty('min-height');
      this.#settled.delete(root);
    }
    const least = Number.parseFloat(this.#rows.style.minHeight || '0') - (before - height());
    if (least > 0) this.#rows.style.minHeight = `${least}px`;
  }

  /** Widths changed: held heights mean nothing any more. */
  #releaseHeights() {
    for (const root of [...this.#held, ...this.#settled]) root.style.removeProperty('min-height');
    this.#held.clear();
    this.#settled.clear();
    this.#rows.style.removeProperty('min-height');
    this.#scrollIfFollowing();
  }

  #followScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    // Only a move upwards is the reader's, however small, unless it ends at the end, as when the frame grows: text that
    // grows or a frame that shrinks moves the end, not the reader.
    if (scrollTop < this.#top - 1 && below > END_PX) this.#following = false;
    else if (below < FOLLOW_PX && (scrollTop > this.#top || below <= END_PX)) this.#following = true;
    this.#top = scrollTop;
    if (this.#following && this.#jump) this.#jump.hidden = true;
  }

  #scrollIfFollowing() {
    if (this.#isBulk) return;
    if (!this.#following) {
      if (this.#jump) this.#jump.hidden = false;
      return;
    }
    this.#shrinkUnseen();
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#top = this.#scroller.scrollTop;
  }
}
