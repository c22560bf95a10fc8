/** What every page has: its words, the choice of their language, and the theme. */

import { loadWords, ownName, pickLanguage, translatePage } from '../strings/i18n.js';
import { UI_LANGUAGES } from '../strings/load.js';
import { DEFAULT_ROOM } from '../wire/protocol.js';
import { byId } from './elements.js';
import { keep, recall } from './storage.js';
import { bindTheme } from './theme.js';

/** @typedef {import('../strings/i18n.js').Words} Words */

const UI_KEY = 'sottovoce.ui';

export class Shell {
  /** @type {Map<string, string>} English names from the server, for languages that the browser cannot name */
  #names;
  /** @type {((words: Words) => void)[]} */
  #drawers = [];
  #group;
  #labelTheme = () => {};

  /** @param {Words} words @param {Map<string, string>} names @param {string} [group] */
  constructor(words, names, group) {
    this.words = words;
    this.#group = group;
    translatePage(document, words);
    this.#names = names;
    const select = /** @type {HTMLSelectElement | null} */ (byId('ui-language'));
    select?.append(...UI_LANGUAGES.map((code) => new Option(ownName(code), code)));
    if (select) select.value = words.language;
    select?.addEventListener('change', () => this.#change(select.value));
    const theme = byId('theme');
    if (theme) this.#labelTheme = bindTheme(document.documentElement, theme, (key) => this.words.say(key));
  }

  /** Loads the words of the reader's language. @param {string} [group] strings that only this page needs */
  static async open(group) {
    const names = new Map();
    const language = pickLanguage([recall(UI_KEY) ?? '', ...navigator.languages].map(String));
    return new Shell(await loadWords(language, names, group), names, group);
  }

  /** @param {string} key @param {Record<string, string | number>} [places] */
  say(key, places) {
    return this.words.say(key, places);
  }

  /** @param {import('../wire/protocol.js').Message} notice @returns {string} in the page's words where it has some */
  notice({ code, message }) {
    return code === 'unmuted' ? '' : this.words.notice(code, message);
  }

  /** The window's title. @param {string} room */
  titleRoom(room) {
    document.title = `${room === DEFAULT_ROOM ? '' : `${room} · `}Sottovoce`;
  }

  /** Names for languages that the browser has none for. @param {ReadonlyMap<string, string>} names */
  learnNames(names) {
    for (const [code, name] of names) this.#names.set(code, name);
  }

  /** Draws now, and whenever the words change. @param {(words: Words) => void} draw */
  draw(draw) {
    this.#drawers.push(draw);
    draw(this.words);
  }

  /** @param {string} language */
  async #change(language) {
    this.words = await loadWords(language, this.#names, this.#group);
    keep(UI_KEY, language);
    translatePage(document, this.words);
    this.#labelTheme();
    for (const draw of this.#drawers) draw(this.words);
  }
}
