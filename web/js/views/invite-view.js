/** The way in for other devices: a QR code, the address as text, and a button that copies it. */

import { copyText } from './clipboard.js';

/** @typedef {import('../strings/i18n.js').Words} Words */
/** @typedef {import('../wire/service-info.js').Invite} Invite */

/** Only pictures that the server drew: anything else in `src` could be an address. */
const QR = /^data:image\/(?:svg\+xml|png)[;,]/;

/**
 * @param {Invite} invite
 * @param {Words} words
 * @returns {HTMLElement[]}
 */
export function inviteParts({ url, qr }, words) {
  const address = document.createElement('p');
  address.className = 'address';
  address.textContent = url;
  const copy = document.createElement('button');
  copy.type = 'button';
  copy.className = 'plain';
  copy.textContent = words.say('copy_link');
  copy.addEventListener('click', async () => {
    copy.textContent = words.say((await copyText(url)) ? 'copied' : 'copy_failed');
  });
  if (!QR.test(qr)) return [address, copy];
  const picture = document.createElement('img');
  picture.className = 'qr';
  picture.src = qr;
  picture.alt = words.say('qr_alt');
  return [picture, address, copy];
}

/** The speaker's panel with it. */
export class InviteView {
  #section;
  #box;
  #words;
  /** @type {Invite | null} */
  #invite = null;

  /** @param {HTMLElement} section @param {HTMLElement} box @param {Words} words */
  constructor(section, box, words) {
    this.#section = section;
    this.#box = box;
    this.#words = words;
  }

  /** @param {Invite | undefined} invite */
  show(invite) {
    if (!invite || invite.url === this.#invite?.url) return;
    this.#invite = invite;
    this.#draw();
  }

  /** @param {Words} words */
  setWords(words) {
    this.#words = words;
    this.#draw();
  }

  #draw() {
    this.#section.hidden = this.#invite === null;
    if (this.#invite) this.#box.replaceChildren(...inviteParts(this.#invite, this.#words));
  }
}
