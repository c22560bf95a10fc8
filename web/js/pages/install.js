/** How to trust the service's own authority, and whether this device does. */

import { byId } from '../views/elements.js';
import { Shell } from '../views/shell.js';
import { fetchInfo, secureAddress } from '../wire/service-info.js';

const shell = await Shell.open('install');
shell.draw(() => {
  document.title = `${shell.say('install_title')} · Sottovoce`;
  byId('verdict').textContent = shell.say(location.protocol === 'https:' ? 'check_yes' : 'check_no');
});
const info = await fetchInfo();
byId('none').hidden = !info || info.has_authority;
byId('get').hidden = info !== null && !info.has_authority;
byId('fingerprint').hidden = !info?.authority_sha256;
byId('sha256').textContent = info?.authority_sha256 ?? '';
const here = new URL('./', document.baseURI);
here.hash = location.hash;
const address = secureAddress(info, here);
byId('secure-link').hidden = address === null;
if (address) byId('secure-link').href = address;
