/** Tells where a page has to be opened so that the browser gives it a microphone. */

import { fetchInfo, secureAddress } from '../wire/service-info.js';

/** Shows the hint on pages that are not secure. @param {HTMLElement} hint @param {HTMLAnchorElement} link */
export async function showSecureHint(hint, link) {
  if (globalThis.isSecureContext) return;
  const address = secureAddress(await fetchInfo(), location);
  if (address) link.href = address;
  link.hidden = !address;
  hint.hidden = false;
}
