/** Check boxes for languages, side by side. */

/** @typedef {import('../strings/i18n.js').Words} Words */

/**
 * Draws anew only where the list differs, so that the keyboard keeps its place.
 * @param {HTMLElement} box
 * @param {string} name of the form's field
 * @param {readonly string[]} codes in their order
 * @param {readonly string[]} checked
 * @param {Words} words
 */
export function drawChips(box, name, codes, checked, words) {
  const key = `${words.language}:${codes.join()}`;
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...codes.map((code) => chip(name, code, words.languageName(code))));
  }
  for (const input of box.querySelectorAll('input')) input.checked = checked.includes(input.value);
}

/** @param {string} name @param {string} code @param {string} language */
function chip(name, code, language) {
  const label = document.createElement('label');
  label.className = 'chip';
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.name = name;
  input.value = code;
  const text = document.createElement('span');
  text.textContent = language;
  label.append(input, text);
  return label;
}
