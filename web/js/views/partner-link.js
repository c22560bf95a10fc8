/** How the other device joins a conversation. */

import { partnerAddress } from '../wire/page-address.js';
import { fetchInfo, secureAddress } from '../wire/service-info.js';
import { copyText } from './clipboard.js';
import { byId } from './elements.js';

export class PartnerLink {
  #shell;
  #side;

  /** @param {import('./shell.js').Shell} shell @param {'a' | 'b'} side of this device */
  constructor(shell, side) {
    this.#shell = shell;
    this.#side = side;
    byId('partner').hidden = false;
    this.#show();
  }

  async #show() {
    const here = new URL(secureAddress(await fetchInfo(), location) ?? location.href);
    const url = partnerAddress(here, this.#side);
    const address = document.createElement('p');
    address.className = 'address';
    address.textContent = url;
    const copy = document.createElement('button');
    copy.type = 'button';
    copy.className = 'plain';
    const label = (/** @type {string} */ key) => {
      copy.textContent = this.#shell.say(key);
    };
    copy.addEventListener('click', async () => label((await copyText(url)) ? 'copied' : 'copy_failed'));
    this.#shell.draw(() => label('copy_link'));
    byId('partner-box').replaceChildren(address, copy);
  }
}
