/** The form: spoken language, targets, mode. Remembers the last choice in this browser. */

import { grouped, targetsOf } from '../wire/languages.js';
import { AUTO, MODE, MOST_TARGETS, modeOf } from '../wire/protocol.js';
import { drawChips } from './chips.js';
import { keep, recall } from './storage.js';

/** @typedef {import('../wire/speaker-session.js').Choice} Choice */
/** @typedef {import('../wire/languages.js').Languages} Languages */
/** @typedef {import('../strings/i18n.js').Words} Words */

const KEY = 'sottovoce.choice';

/**
 * @typedef {object} SettingsParts
 * @property {HTMLFormElement} form
 * @property {HTMLSelectElement} source
 * @property {HTMLElement} sourceHint
 * @property {HTMLElement} allowedField shown while the language is detected
 * @property {HTMLElement} allowed
 * @property {HTMLElement} targets
 * @property {HTMLElement} targetsHint
 * @property {HTMLElement} summary
 */

export class SettingsView {
  #parts;
  #words;
  /** @type {Languages} */
  #languages = { sources: [], targets: {}, names: new Map(), natives: new Map() };
  /** @type {Choice} */
  #choice = { source: AUTO, targets: ['en'], mode: MODE.FAST };
  /** @type {string[]} languages that may be detected; empty: any */
  #allowed = [];

  /** @param {SettingsParts} parts @param {Words} words @param {(choice: Choice) => void} onChange */
  constructor(parts, words, onChange) {
    this.#parts = parts;
    this.#words = words;
    this.#recall();
    parts.form.addEventListener('submit', (event) => event.preventDefault());
    parts.form.addEventListener('change', () => {
      this.#read();
      onChange(this.choice);
    });
    this.#draw();
  }

  /** What is chosen, as far as the server can do it. @returns {Choice} */
  get choice() {
    const possible = targetsOf(this.#languages, this.#choice.source);
    const targets = this.#choice.targets.filter((code) => possible.includes(code)).slice(0, MOST_TARGETS);
    const allowed = this.#choice.source === AUTO ? this.#allowed.filter((code) => this.#languages.sources.includes(code)) : [];
    return { ...this.#choice, targets, ...(allowed.length > 0 && { allowed_sources: allowed }) };
  }

  /** @param {Languages} languages */
  setLanguages(languages) {
    this.#languages = languages;
    if (!languages.sources.includes(this.#choice.source)) this.#choice.source = AUTO;
    this.#draw();
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#draw();
  }

  /** Chooses the spoken language, and a target where none of the chosen ones fits. @param {string} source */
  speak(source) {
    this.#choice.source = source;
    const possible = targetsOf(this.#languages, source);
    if (this.choice.targets.length === 0) this.#choice.targets.push(...possible.slice(0, 1));
    this.#draw();
  }

  /** A session keeps its spoken language. @param {boolean} locked */
  lock(locked) {
    this.#parts.source.disabled = locked;
    this.#parts.sourceHint.hidden = !locked;
    for (const input of this.#parts.allowed.querySelectorAll('input')) input.disabled = locked;
  }

  #read() {
    const { form, source } = this.#parts;
    const data = new FormData(form);
    const shown = targetsOf(this.#languages, this.#choice.source);
    const hidden = this.#choice.targets.filter((code) => !shown.includes(code));
    this.#choice = {
      source: source.value || this.#choice.source,
      targets: [...data.getAll('target').map(String), ...hidden],
      mode: modeOf(data.get('mode')),
    };
    if (!this.#parts.source.disabled) this.#allowed = data.getAll('allowed').map(String); // locked boxes are not in it
    keep(KEY, { ...this.#choice, allowed: this.#allowed });
    this.#draw();
  }

  #recall() {
    const { source, targets, mode, allowed } = recall(KEY) ?? {};
    if (Array.isArray(allowed)) this.#allowed = allowed.map(String);
    if (typeof source === 'string' && Array.isArray(targets)) {
      this.#choice = { source, targets: targets.map(String), mode: modeOf(mode) };
    }
  }

  #draw() {
    const { form, source } = this.#parts;
    const byName = (/** @type {string} */ a, /** @type {string} */ b) =>
      this.#words.languageName(a).localeCompare(this.#words.languageName(b), this.#words.language);
    const sources = [...this.#languages.sources].sort(byName);
    this.#drawSources(sources);
    this.#drawAllowed(sources);
    for (const radio of form.querySelectorAll('[name=mode]')) {
      const input = /** @type {HTMLInputElement} */ (radio);
      input.checked = input.value === this.#choice.mode;
    }
    this.#drawTargets(targetsOf(this.#languages, this.#choice.source).sort(byName));
    this.#drawSummary();
  }

  /** @param {string[]} codes */
  #drawSources(codes) {
    const { source } = this.#parts;
    const options = (/** @type {string[]} */ some) => some.map((code) => new Option(this.#words.languageName(code), code));
    const { common, more } = grouped(codes, navigator.languages);
    const group = (/** @type {string} */ key, /** @type {string[]} */ some) => {
      const element = document.createElement('optgroup');
      element.label = this.#words.say(key);
      element.append(...options(some));
      return element;
    };
    const list =
      common.length && more.length
        ? [group('languages_common', common), group('languages_more', more)]
        : options(codes);
    source.replaceChildren(...options([AUTO]), ...list);
    source.value = this.#choice.source;
  }

  /** @param {string[]} codes */
  #drawTargets(codes) {
    const { targets, targetsHint } = this.#parts;
    drawChips(targets, 'target', codes, this.#choice.targets, this.#words);
    targetsHint.hidden = codes.length > 0 || this.#languages.sources.length === 0;
    targetsHint.textContent = this.#words.say('targets_none');
  }

  /** Between which languages the service has to tell: fewer are told apart better. @param {string[]} codes */
  #drawAllowed(codes) {
    const { allowedField, allowed } = this.#parts;
    allowedField.hidden = this.#choice.source !== AUTO || codes.length < 2;
    const { common } = grouped(codes, [...navigator.languages, ...this.#allowed]);
    drawChips(allowed, 'allowed', common, this.#allowed, this.#words);
  }

  #drawSummary() {
    const { source, targets, allowed_sources: allowed = [source] } = this.choice;
    const names = targets.map((code) => this.#words.languageName(code)).join(', ');
    const spoken = allowed.map((code) => this.#words.languageName(code)).join(' / ');
    const places = { source: spoken, targets: names };
    this.#parts.summary.textContent = this.#words.say(names ? 'settings_summary' : 'settings_summary_none', places);
  }
}
