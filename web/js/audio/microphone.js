/** Asks for the microphone, and which ones there are. */

import { Problem, unexpected } from '../wire/problems.js';

/** @type {Record<string, string>} names of DOMException that getUserMedia rejects with */
const PROBLEMS = {
  NotAllowedError: 'mic_denied',
  SecurityError: 'mic_denied',
  NotFoundError: 'mic_missing',
  OverconstrainedError: 'mic_missing',
  NotReadableError: 'mic_in_use',
  AbortError: 'mic_in_use',
};

/** @param {unknown} error what getUserMedia rejected with */
function microphoneProblem(error) {
  const known = error instanceof Error ? PROBLEMS[error.name] : undefined;
  return known ? new Problem(known) : unexpected(error);
}

/**
 * Processing that is right for captions, not for calls: noise suppression is off because it is tuned for listeners
 * and eats the soft consonants and word ends that recognition needs (Whisper learned on noisy speech); echo
 * cancellation is off because the page plays nothing while it listens; automatic gain stays on, since a speaker far
 * from the microphone would not pass the voice detector.
 */
const CONSTRAINTS = { channelCount: 1, noiseSuppression: false, echoCancellation: false, autoGainControl: true };

/**
 * @param {string} [device] id of one of `microphones`; another one is taken when it is gone
 * @returns {Promise<MediaStream>}
 * @throws {Problem} not_secure, mic_unsupported, mic_denied, mic_missing or mic_in_use
 */
export async function openMicrophone(device = '') {
  if (!globalThis.isSecureContext) throw new Problem('not_secure');
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.AudioWorkletNode) throw new Problem('mic_unsupported');
  const audio = device ? { ...CONSTRAINTS, deviceId: { ideal: device } } : CONSTRAINTS;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (error) {
    throw microphoneProblem(error);
  }
}

/**
 * @returns {Promise<{id: string, label: string}[]>} without names until the microphone has been allowed once; empty
 *   where the browser does not tell
 */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId && deviceId !== 'default' && deviceId !== 'communications')
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}
