/** Where a page has to be opened so that the browser gives it a microphone. */

/** @typedef {{secure_url?: string, has_authority: boolean, authority_sha256?: string}} Info */

/** @returns {Promise<Info | null>} what the service says of itself; `null`: nothing, so there is nothing to hint at */
export async function fetchInfo() {
  try {
    const response = await fetch(new URL('info', document.baseURI), { headers: { accept: 'application/json' } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/**
 * The same page at the secure address: room, options and token go along.
 * @param {Info | null} info
 * @param {Location | URL} here
 * @returns {string | null} `null`: there is none
 */
export function secureAddress(info, here) {
  if (!info?.secure_url) return null;
  const url = new URL(info.secure_url);
  if (url.protocol !== 'https:') return null;
  url.pathname = here.pathname;
  url.search = here.search;
  url.hash = here.hash;
  return url.href;
}

/** Shows the hint on pages that are not secure. @param {HTMLElement} hint @param {HTMLAnchorElement} link */
export async function showSecureHint(hint, link) {
  if (globalThis.isSecureContext) return;
  const address = secureAddress(await fetchInfo(), location);
  if (address) link.href = address;
  link.hidden = !address;
  hint.hidden = false;
}
