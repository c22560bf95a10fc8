/** Tells the service when a text is on the screen. */

/** @typedef {import('../wire/paint-clock.js').PaintClock} PaintClock */
/** @typedef {import('../wire/protocol.js').Message} Message */

/**
 * Reports a text as painted once it is; nothing while nobody sees the page.
 * @param {PaintClock} clock
 * @param {Message} message
 * @param {(painted_ms: number) => void} [then]
 */
export function reportPaint(clock, { seq }, then = () => {}) {
  if (document.hidden) return;
  const { stream } = clock;
  // The frame's callback runs before its painting; a task queued from it runs after.
  requestAnimationFrame(() => {
    setTimeout(() => {
      const painted_ms = clock.painted(stream, seq, performance.now());
      if (painted_ms !== null) then(painted_ms);
    });
  });
}
