/** One language out of those that can be read here, by their own names. */

import { SPOKEN } from '../captions/caption-model.js';
import { ownName } from '../strings/i18n.js';

export class LanguagePicker {
  #select;
  /** @type {string[]} */
  #codes = [];
  /** @type {ReadonlyMap<string, string>} */
  #natives = new Map();
  #choice = SPOKEN;
  #spokenName = '';

  /** @param {HTMLSelectElement} select @param {(column: string) => void} onChange */
  constructor(select, onChange) {
    this.#select = select;
    select.addEventListener('change', () => {
      this.#choice = select.value;
      onChange(select.value);
    });
  }

  /** @param {string} name of what was spoken, in the page's words */
  setSpokenName(name) {
    this.#spokenName = name;
    this.#draw();
  }

  /** @param {readonly string[]} codes @param {ReadonlyMap<string, string>} natives */
  offer(codes, natives) {
    this.#codes = [...codes];
    this.#natives = natives;
    this.#draw();
  }

  /** @param {string} column a code or SPOKEN; shown even where it is not offered */
  choose(column) {
    this.#choice = column;
    this.#draw();
  }

  #draw() {
    const codes = new Set(this.#codes);
    if (this.#choice !== SPOKEN) codes.add(this.#choice);
    const named = [...codes].map((code) => ({ code, name: ownName(code, this.#natives) }));
    named.sort((a, b) => a.name.localeCompare(b.name));
    const options = named.map(({ code, name }) => {
      const option = new Option(name, code);
      option.lang = code;
      return option;
    });
    this.#select.replaceChildren(...options, new Option(this.#spokenName, SPOKEN));
    this.#select.value = this.#choice;
  }
}
