/** How text is set in its language: no mark of punctuation stands alone at the beginning of a line. No DOM. */

const NARROW = '\u202f';
const WIDE = '\u00a0';

/**
 * French puts a space before ; : ! ? and within « ». Models write a plain one, at which a line may be broken.
 *
 * @param {string} text
 * @param {string} lang of the text
 * @returns {string} of the same length
 */
export function typeset(text, lang) {
  if (lang.split('-', 1)[0] !== 'fr') return text;
  return text
    .replace(/ (?=[;!?])/gu, NARROW)
    .replace(/ (?=[:»])/gu, WIDE)
    .replace(/« /gu, `«${WIDE}`);
}
