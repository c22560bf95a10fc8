/** Network, clock and timers that a connection uses. */

/**
 * @typedef {object} Environment what a browser gives; tests give their own
 * @property {(url: string, protocol: string) => WebSocket} open
 * @property {() => number} now_ms
 * @property {(action: () => void, delay_ms: number) => any} later
 * @property {(timer: any) => void} cancel
 * @property {() => number} random
 */

/** @type {Environment} */
export const BROWSER = {
  open: (url, protocol) => new WebSocket(url, protocol),
  now_ms: () => performance.now(),
  later: (action, delay_ms) => setTimeout(action, delay_ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};
