/** The page's own words. Plain lookups with `{name}` places; no DOM but in `translatePage`. */

import { STRINGS } from './strings.js';

const FALLBACK = 'en';
/** Languages of the page's text. */
export const UI_LANGUAGES = Object.freeze(Object.keys(STRINGS));

/** @param {readonly string[]} preferred language tags, best first @returns {string} one of UI_LANGUAGES */
export function pickLanguage(preferred) {
  const codes = preferred.map((tag) => tag.toLowerCase().split('-')[0]);
  return codes.find((code) => UI_LANGUAGES.includes(code)) ?? FALLBACK;
}

export class Words {
  #names;
  #others;

  /**
   * @param {string} language one of UI_LANGUAGES
   * @param {ReadonlyMap<string, string>} [others] names for languages that the browser has none for; may be filled later
   */
  constructor(language, others = new Map()) {
    this.language = language;
    this.#names = new Intl.DisplayNames([language], { type: 'language', fallback: 'none' });
    this.#others = others;
  }

  /** @param {string} key @param {Record<string, string | number>} [places] */
  say(key, places = {}) {
    const text = STRINGS[this.language]?.[key] ?? STRINGS[FALLBACK][key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => String(places[name] ?? ''));
  }

  /** @param {string} code of a language, or `auto` @returns {string} its name in the page's language */
  languageName(code) {
    if (code === 'auto') return this.say('auto');
    return this.#named(code) ?? this.#others.get(code) ?? code;
  }

  /** @param {string} code */
  #named(code) {
    try {
      return this.#names.of(code);
    } catch {
      return undefined; // not every code is a BCP 47 tag
    }
  }

  /** @param {number} ms @returns {string} such as "0.84 s" */
  seconds(ms) {
    const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
    return `${(ms / 1000).toLocaleString(this.language, digits)} s`;
  }

  /** @param {number} ms @returns {string} such as "840 ms" */
  milliseconds(ms) {
    return `${Math.round(ms).toLocaleString(this.language)} ms`;
  }
}

/** @param {string} code @returns {string} the language's name in itself */
export function ownName(code) {
  return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
}

/** Fills every element that names a string. @param {Document} page @param {Words} words */
export function translatePage(page, words) {
  page.documentElement.lang = words.language;
  for (const element of page.querySelectorAll('[data-i18n]')) {
    element.textContent = words.say(/** @type {HTMLElement} */ (element).dataset.i18n ?? '');
  }
  for (const element of page.querySelectorAll('[data-i18n-label]')) {
    element.setAttribute('aria-label', words.say(/** @type {HTMLElement} */ (element).dataset.i18nLabel ?? ''));
  }
}
