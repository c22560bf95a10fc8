/** What a session listens to, microphone or sample: opened, captured, closed in one place. */

import { startCapture } from './capture.js';
import { openMicrophone } from './microphone.js';
import { SAMPLES, loadSample } from './sample.js';

/** @typedef {import('../wire/protocol.js').AudioFrame} AudioFrame */

/**
 * @typedef {object} Input
 * @property {() => Promise<void>} close stops the capture; its last frame has been handed on when this resolves
 */

/**
 * @param {string} device id, or empty: the browser's choice
 * @param {(frame: AudioFrame) => void} onFrame
 * @param {() => void} onGone the microphone was unplugged or taken away
 * @returns {Promise<Input>}
 * @throws {import('../wire/problems.js').Problem}
 */
export async function listenToMicrophone(device, onFrame, onGone) {
  const stream = await openMicrophone(device);
  for (const track of stream.getTracks()) track.onended = onGone;
  const context = new AudioContext();
  const release = async () => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  };
  try {
    return await capture(context, stream, onFrame, release);
  } catch (error) {
    await release(); // else the browser's sign that somebody listens would stay
    throw error;
  }
}

/**
 * @param {string} language code of a bundled clip
 * @param {(frame: AudioFrame) => void} onFrame
 * @param {() => void} onEnd the clip and the silence after it are over
 * @returns {Promise<Input>}
 * @throws {import('../wire/problems.js').Problem}
 */
export async function listenToSample(language, onFrame, onEnd) {
  const context = new AudioContext();
  try {
    const sample = await loadSample(context, SAMPLES[language]);
    let closed = false;
    const release = async () => {
      closed = true;
      sample.stop();
      await context.close();
    };
    const input = await capture(context, sample.stream, onFrame, release);
    sample.play().then(() => closed || onEnd());
    return input;
  } catch (error) {
    await context.close();
    throw error;
  }
}

/** @param {AudioContext} context @param {MediaStream} stream @param {(frame: AudioFrame) => void} onFrame @param {() => Promise<void>} release */
async function capture(context, stream, onFrame, release) {
  await context.resume();
  // A telephone call or another output device may halt it; it goes on as soon as it may.
  context.onstatechange = () => {
    if (context.state !== 'running' && context.state !== 'closed') context.resume().catch(() => {}); // told again then
  };
  const stop = await startCapture(context, stream, onFrame);
  return {
    close: async () => {
      await stop();
      await release();
    },
  };
}
