/** What the service says of itself before a connection is opened: its secure address, and the invitation to a room. */

/** @typedef {{secure_url?: string, has_authority: boolean, authority_sha256?: string}} Info */
/** @typedef {{url: string, qr: string}} Invite */

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
 * The same page at the secure address, which may have a path of its own: room, options and token go along.
 * @param {Info | null} info
 * @param {Location | URL} here
 * @returns {string | null} `null`: there is none
 */
export function secureAddress(info, here) {
  if (!info?.secure_url) return null;
  const base = new URL(info.secure_url);
  if (base.protocol !== 'https:') return null;
  const url = new URL(`./${here.pathname.split('/').at(-1)}`, base);
  url.search = here.search;
  url.hash = here.hash;
  return url.href;
}

/**
 * The listeners' way into a room before anybody speaks there.
 * @param {import('./page-address.js').PageAddress} address
 * @returns {Promise<Invite | undefined>} nothing where other devices cannot come, or the service does not say
 */
export async function fetchInvite({ room, token }) {
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  try {
    const response = await fetch(new URL(`invite?room=${encodeURIComponent(room)}`, document.baseURI), { headers });
    return response.ok ? (await response.json()).invite : undefined;
  } catch {
    return undefined;
  }
}
