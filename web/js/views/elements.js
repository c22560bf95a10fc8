/** Short ways to find and build elements. Text goes in as text, never as markup. */

/** @type {(id: string) => any} */
export const byId = (id) => document.getElementById(id);

/**
 * @param {string} kind
 * @param {string} [className]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElement}
 */
export function element(kind, className = '', children = []) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** @param {string} text @param {() => void} onClick @param {string} [className] @returns {HTMLButtonElement} */
export function button(text, onClick, className = 'plain') {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = className;
  made.textContent = text;
  made.addEventListener('click', onClick);
  return made;
}

/** @param {HTMLElement} list a `dl` @param {[string, string][]} figures names and values */
export function fillFigures(list, figures) {
  const parts = figures.map(([name, value]) => element('div', '', [element('dt', '', [name]), element('dd', '', [value])]));
  list.replaceChildren(...parts);
}
