/** Which languages the server hears and translates into. */

import { Problem, unexpected } from './problems.js';
import { AUTO } from './protocol.js';

const RETRY_MS = 3_000;
/** Spoken by most of the people who look for a language here; they need not search a list of a hundred. */
const COMMON = ['ar', 'de', 'en', 'es', 'fr', 'hi', 'it', 'ja', 'ko', 'nl', 'pl', 'pt', 'ru', 'tr', 'uk', 'zh'];

/**
 * @typedef {object} Languages
 * @property {string[]} sources codes that recognition knows
 * @property {Record<string, string[]>} targets codes by source; `auto` where the server says so
 * @property {Map<string, string>} names in English, by code, for languages that the browser has no name for
 * @property {Map<string, string>} natives in the language itself, for the same
 */

/**
 * @param {string | URL} url of the service's `/languages`
 * @returns {Promise<Languages>}
 * @throws {Problem} no_server
 */
export async function fetchLanguages(url) {
  let body;
  try {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    body = await response.json();
  } catch (error) {
    throw new Problem('no_server', error instanceof Error ? error.message : '');
  }
  /** @type {{code: string, name: string, native: string}[]} */
  const sources = body.sources;
  return {
    sources: sources.map(({ code }) => code),
    targets: body.targets,
    names: new Map(sources.map(({ code, name }) => [code, name])),
    natives: new Map(sources.map(({ code, native }) => [code, native])),
  };
}

/**
 * @param {Languages} languages
 * @param {string} source a code, or `auto`: then everything that some language can be turned into
 * @returns {string[]}
 */
export function targetsOf({ targets }, source) {
  const listed = targets[source] ?? (source === AUTO ? Object.values(targets).flat() : []);
  return [...new Set(listed)].filter((code) => code !== source);
}

/** @param {string} tag such as `pt-BR` @returns {string} the code of its language */
export function codeOf(tag) {
  return tag.toLowerCase().split('-')[0];
}

/**
 * Divides a long list into what most readers look for and the rest; keeps the order.
 * @param {readonly string[]} codes
 * @param {readonly string[]} preferred language tags of the reader
 * @returns {{common: string[], more: string[]}}
 */
export function grouped(codes, preferred) {
  const near = new Set([...COMMON, ...preferred.map(codeOf)]);
  return { common: codes.filter((code) => near.has(code)), more: codes.filter((code) => !near.has(code)) };
}

/**
 * The reader's own language, as far as it can be read here.
 * @param {readonly string[]} preferred language tags, best first
 * @param {readonly string[]} codes that can be read
 * @returns {string | undefined} one of the codes
 */
export function bestOf(preferred, codes) {
  const wanted = preferred.map(codeOf);
  return wanted.find((code) => codes.includes(code));
}

/**
 * Asks until the service answers.
 * @param {(problem: Problem) => void} onProblem told each time it does not
 * @returns {Promise<Languages>}
 */
export async function awaitLanguages(onProblem) {
  for (;;) {
    try {
      return await fetchLanguages(new URL('languages', document.baseURI));
    } catch (error) {
      onProblem(unexpected(error));
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
