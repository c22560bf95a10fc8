/** The form: spoken language, targets, mode. Remembers the last choice in this browser. */

import { grouped, targetsOf } from './languages.js';
import { keep, recall } from './store.js';

/** @typedef {import('./session.js').Choice} Choice */
/** @typedef {import('./languages.js').Languages} Languages */
/** @typedef {import('./i18n.js').Words} Words */

const KEY = 'sottovoce.choice';
/** The protocol takes no more. */
const MOST_TARGETS = 16;

/**
 * @typedef {object} SettingsParts
 * @property {HTMLFormElement} form
 * @property {HTMLSelectElement} source
 * @property {HTMLElement} sourceHint
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
  #choice = { source: 'auto', targets: ['en'], mode: 'fast' };

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
    return { ...this.#choice, targets: this.#choice.targets.filter((code) => possible.includes(code)).slice(0, MOST_TARGETS) };
  }

  /** @param {Languages} languages */
  setLanguages(languages) {
    this.#languages = languages;
    if (!languages.sources.includes(this.#choice.source)) this.#choice.source = 'auto';
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
  }

  #read() {
    const { form, source } = this.#parts;
    const data = new FormData(form);
    const shown = targetsOf(this.#languages, this.#choice.source);
    const hidden = this.#choice.targets.filter((code) => !shown.includes(code));
    this.#choice = {
      source: source.value || this.#choice.source,
      targets: [...data.getAll('target').map(String), ...hidden],
      mode: data.get('mode') === 'calm' ? 'calm' : 'fast',
    };
    keep(KEY, this.#choice);
    this.#draw();
  }

  #recall() {
    const { source, targets, mode } = recall(KEY) ?? {};
    if (typeof source === 'string' && Array.isArray(targets)) {
      this.#choice = { source, targets: targets.map(String), mode: mode === 'calm' ? 'calm' : 'fast' };
    }
  }

  #draw() {
    const { form, source } = this.#parts;
    const byName = (/** @type {string} */ a, /** @type {string} */ b) =>
      this.#words.languageName(a).localeCompare(this.#words.languageName(b), this.#words.language);
    this.#drawSources([...this.#languages.sources].sort(byName));
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
    source.replaceChildren(...options(['auto']), ...list);
    source.value = this.#choice.source;
  }

  /** Redraws only what differs, so that the keyboard keeps its place. @param {string[]} codes */
  #drawTargets(codes) {
    const { targets, targetsHint } = this.#parts;
    const key = `${this.#words.language}:${codes.join()}`;
    if (targets.dataset.key !== key) {
      targets.dataset.key = key;
      targets.replaceChildren(...codes.map((code) => chip(code, this.#words.languageName(code))));
    }
    for (const input of targets.querySelectorAll('input')) input.checked = this.#choice.targets.includes(input.value);
    targetsHint.hidden = codes.length > 0 || this.#languages.sources.length === 0;
    targetsHint.textContent = this.#words.say('targets_none');
  }

  #drawSummary() {
    const { source, targets } = this.choice;
    const names = targets.map((code) => this.#words.languageName(code)).join(', ');
    const places = { source: this.#words.languageName(source), targets: names };
    this.#parts.summary.textContent = this.#words.say(names ? 'settings_summary' : 'settings_summary_none', places);
  }
}

/** @param {string} code @param {string} name */
function chip(code, name) {
  const label = document.createElement('label');
  label.className = 'chip';
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.name = 'target';
  input.value = code;
  const text = document.createElement('span');
  text.textContent = name;
  label.append(input, text);
  return label;
}
