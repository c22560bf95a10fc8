/** From a MediaStream to frames of 16 kHz PCM; the one path that microphone and sample share. */

/** @typedef {import('../wire/protocol.js').AudioFrame} AudioFrame */

const WORKLET = new URL('./capture-worklet.js', import.meta.url);

/**
 * @param {AudioContext} context running; any sample rate
 * @param {MediaStream} stream
 * @param {(frame: AudioFrame) => void} onFrame called every 40 ms
 * @returns {Promise<() => Promise<void>>} stops; resolves when the last, short frame has been handed on
 */
export async function startCapture(context, stream, onFrame) {
  await context.audioWorklet.addModule(WORKLET);
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, 'sottovoce-capture', { numberOfInputs: 1, numberOfOutputs: 1 });
  const stopped = new Promise((resolve) => {
    node.port.onmessage = ({ data }) => (data ? onFrame(data) : resolve(undefined));
  });
  source.connect(node);
  node.connect(context.destination); // writes nothing, so it is silent; unconnected nodes are not run everywhere
  return async () => {
    node.port.postMessage('stop');
    await stopped;
    source.disconnect();
    node.disconnect();
  };
}
