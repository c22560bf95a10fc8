/** When a page is looked at again, or the network is back. */

/** Tries again at once when the network or the reader comes back. @param {() => void} retryNow */
export function retryOnReturn(retryNow) {
  addEventListener('online', retryNow);
  addEventListener('pageshow', ({ persisted }) => persisted && retryNow()); // back from the browser's memory
  document.addEventListener('visibilitychange', () => document.hidden || retryNow());
}
