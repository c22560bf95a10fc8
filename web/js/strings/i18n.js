/** The page's own words. Plain lookups with `{name}` places; no DOM but in `translatePage`. */

import { codeOf } from '../wire/languages.js';
import { AUTO } from '../wire/protocol.js';
import { UI_LANGUAGES, loadStrings } from './load.js';

/** @param {readonly string[]} preferred language tags, best first @returns {string} one of UI_LANGUAGES */
export function pickLanguage(preferred) {
  const codes = preferred.map(codeOf);
  return codes.find((code) => UI_LANGUAGES.includes(code)) ?? UI_LANGUAGES[0];
}

/**
 * @param {string} language one of UI_LANGUAGES
 * @param {ReadonlyMap<string, string>} [others] see `Words`
 * @param {string} [group] see `loadStrings`
 */
export async function loadWords(language, others, group) {
  return new Words(language, await loadStrings(language, group), others);
}

export class Words {
  #table;
  #names;
  #others;

  /**
   * @param {string} language one of UI_LANGUAGES
   * @param {Readonly<Record<string, string>>} table its strings
   * @param {ReadonlyMap<string, string>} [others] names for languages that the browser has none for; may be filled later
   */
  constructor(language, table, others = new Map()) {
    this.language = language;
    this.#table = table;
    this.#names = new Intl.DisplayNames([language], { type: 'language', fallback: 'none' });
    this.#others = others;
  }

  /** @param {string} key @param {Record<string, string | number>} [places] */
  say(key, places = {}) {
    return (this.#table[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(places[name] ?? ''));
  }

  /** @param {string} key @returns {boolean} */
  has(key) {
    return key in this.#table;
  }

  /** What a notice says. @param {string} code @param {string} otherwise where there are no words for it @returns {string} */
  notice(code, otherwise) {
    return this.has(`notice.${code}`) ? this.say(`notice.${code}`) : otherwise;
  }

  /** @param {string} code of a language, or `auto` @returns {string} its name in the page's language */
  languageName(code) {
    if (code === AUTO) return this.say('auto');
    return named(this.#names, code) ?? this.#others.get(code) ?? code;
  }

  /** @param {number} ms @param {number} [digits] @returns {string} such as "1.25 s" */
  seconds(ms, digits = 2) {
    const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return `${(ms / 1000).toLocaleString(this.language, form)} s`;
  }

  /** @param {number} ms @param {number} [digits] @returns {string} such as "840 ms" */
  milliseconds(ms, digits = 0) {
    const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return `${ms.toLocaleString(this.language, form)} ms`;
  }
}

/** @param {Intl.DisplayNames} names @param {string} code */
function named(names, code) {
  try {
    return names.of(code);
  } catch {
    return undefined; // not every code is a BCP 47 tag
  }
}

/** @param {string} code @param {ReadonlyMap<string, string>} [others] @returns {string} the language's name in itself */
export function ownName(code, others = new Map()) {
  try {
    const names = new Intl.DisplayNames([code], { type: 'language', fallback: 'none' });
    // A browser that does not know a language answers in its own.
    const known = names.resolvedOptions().locale.split('-')[0] === code.split('-')[0];
    const name = (known && named(names, code)) || others.get(code) || code;
    return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
  } catch {
    return others.get(code) ?? code;
  }
}

/** Fills every element that names a string. @param {Document} page @param {Words} words */
export function translatePage(page, words) {
  page.documentElement.lang = words.language;
  /** @param {string} attribute @param {(element: Element, text: string) => void} fill */
  const each = (attribute, fill) => {
    for (const element of page.querySelectorAll(`[${attribute}]`)) {
      fill(element, words.say(element.getAttribute(attribute) ?? ''));
    }
  };
  each('data-i18n', (element, text) => {
    element.textContent = text;
  });
  each('data-i18n-label', (element, text) => element.setAttribute('aria-label', text));
}
