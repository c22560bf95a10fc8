/** Light, dark, or as the system has it. */

import { keep, recall } from './storage.js';

const ORDER = ['auto', 'light', 'dark'];
const KEY = 'sottovoce.theme';

/** @param {HTMLElement} root @param {HTMLElement} button @param {(key: string) => string} say @returns {() => void} writes the label anew */
export function bindTheme(root, button, say) {
  let theme = recall(KEY) ?? 'auto';
  if (!ORDER.includes(theme)) theme = 'auto';
  const apply = () => {
    root.dataset.theme = theme;
    button.setAttribute('aria-label', say(`theme_${theme}`));
    button.title = say(`theme_${theme}`);
  };
  button.addEventListener('click', () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    keep(KEY, theme);
    apply();
  });
  apply();
  return apply;
}
