/** Asks for the microphone. */

import { Problem, microphoneProblem } from './problems.js';

/**
 * Processing that is right for captions, not for calls: noise suppression is off because it is tuned for listeners
 * and eats the soft consonants and word ends that recognition needs (Whisper learned on noisy speech); echo
 * cancellation is off because the page plays nothing while it listens; automatic gain stays on, since a speaker far
 * from the microphone would not pass the voice detector.
 */
const CONSTRAINTS = {
  audio: { channelCount: 1, noiseSuppression: false, echoCancellation: false, autoGainControl: true },
  video: false,
};

/**
 * @returns {Promise<MediaStream>}
 * @throws {Problem} not_secure, mic_unsupported, mic_denied, mic_missing or mic_in_use
 */
export async function openMicrophone() {
  if (!globalThis.isSecureContext) throw new Problem('not_secure');
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.AudioWorkletNode) throw new Problem('mic_unsupported');
  try {
    return await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
  } catch (error) {
    throw microphoneProblem(error);
  }
}
