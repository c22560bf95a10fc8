/** Which languages the server hears and translates into. */

import { Problem } from './problems.js';

/**
 * @typedef {object} Languages
 * @property {string[]} sources codes that recognition knows
 * @property {Record<string, string[]>} targets codes by source; `auto` where the server says so
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
  return { sources: body.sources.map((/** @type {{code: string}} */ one) => one.code), targets: body.targets };
}

/**
 * @param {Languages} languages
 * @param {string} source a code, or `auto`: then everything that some language can be turned into
 * @returns {string[]}
 */
export function targetsOf({ targets }, source) {
  const listed = targets[source] ?? (source === 'auto' ? Object.values(targets).flat() : []);
  return [...new Set(listed)].filter((code) => code !== source);
}
