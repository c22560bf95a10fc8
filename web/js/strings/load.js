/** String tables of the page, one file per language; a page loads only the one it shows. */

/** Languages of the page's own text; English first, for it is what others fall back to. */
export const UI_LANGUAGES = Object.freeze(['en', 'es', 'de', 'fr', 'pt']);

/**
 * @param {string} language one of UI_LANGUAGES
 * @param {string} [group] strings that only some page needs
 * @returns {Promise<Record<string, string>>}
 */
export async function loadStrings(language, group) {
  const { default: table } = await import(`./${language}.js`);
  if (!group) return table;
  const { default: more } = await import(`./${group}/${language}.js`);
  return { ...table, ...more };
}
