/** Small settings in this browser. Where storage is blocked, everything works and nothing is remembered. */

/**
 * @param {string} key
 * @param {Storage | undefined} [storage]
 * @returns {any} what was kept, or `null`
 */
export function recall(key, storage = open('localStorage')) {
  try {
    return JSON.parse(storage?.getItem(key) ?? 'null');
  } catch {
    return null; // not ours: begin with the defaults
  }
}

/** @param {string} key @param {unknown} value `null` forgets @param {Storage | undefined} [storage] */
export function keep(key, value, storage = open('localStorage')) {
  try {
    if (value === null) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify(value));
  } catch {
    storage?.removeItem(key); // full: better nothing than a piece
  }
}

/** @param {'localStorage' | 'sessionStorage'} name @returns {Storage | undefined} */
export function open(name) {
  try {
    return globalThis[name];
  } catch {
    return undefined; // blocked by the reader's settings
  }
}
