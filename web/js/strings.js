/** String tables of the page, by language; English is the reference, and the fallback for a missing key. */

import { DE } from './strings/de.js';
import { EN } from './strings/en.js';
import { ES } from './strings/es.js';
import { FR } from './strings/fr.js';

/** @type {Readonly<Record<string, Record<string, string>>>} */
export const STRINGS = Object.freeze({ en: EN, es: ES, de: DE, fr: FR });
