/** Bundled clips, played aloud and fed to the same capture path as a microphone. */

import { Problem } from '../wire/problems.js';

/** Clip per language code; see samples/ATTRIBUTION.txt. */
export const SAMPLES = Object.freeze(
  Object.fromEntries(
    ['es', 'en', 'de', 'fr', 'pt'].map((code) => [code, new URL(`../../samples/${code}.flac`, import.meta.url)]),
  ),
);

const LEAD_S = 0.4;
/** Silence after the clip, so that the voice detector sees the end of the last sentence. */
const TRAIL_S = 1.5;

/**
 * @param {AudioContext} context
 * @param {URL} url
 * @returns {Promise<{stream: MediaStream, play: () => Promise<void>, stop: () => void}>}
 *   `play` starts the clip, resolves after the silence that follows it, or at once when stopped
 * @throws {Problem} sample_failed
 */
export async function loadSample(context, url) {
  const buffer = await decode(context, url);
  const source = new AudioBufferSourceNode(context, { buffer });
  const tap = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  source.connect(tap);
  source.connect(context.destination);
  /** @type {() => void} */
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = () => resolve(undefined);
  });
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    source.disconnect();
    finish();
  };
  const play = async () => {
    source.onended = () => {
      timer = setTimeout(finish, TRAIL_S * 1000);
    };
    source.start(context.currentTime + LEAD_S);
    await finished;
  };
  return { stream: tap.stream, play, stop };
}

/** @param {AudioContext} context @param {URL} url */
async function decode(context, url) {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return await context.decodeAudioData(await response.arrayBuffer());
  } catch (error) {
    throw new Problem('sample_failed', error instanceof Error ? error.message : '');
  }
}
