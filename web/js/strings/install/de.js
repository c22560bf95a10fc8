/** German, install page. @type {Record<string, string>} */
export default {
  install_title: 'Diesem Dienst vertrauen',
  install_why:
    'Der Dienst hat eine eigene Zertifizierungsstelle angelegt, denn keine öffentliche bürgt für Rechner in einem lokalen Netz. ' +
    'Ein Gerät, das ihr vertraut, öffnet die sicheren Seiten ohne Warnung. Zum Mitlesen ist das nicht nötig; um von einem ' +
    'anderen Gerät aus ins Mikrofon zu sprechen, schon.',
  install_care:
    'Tun Sie das nur in einem Netz und für einen Rechner, die Sie kennen. An derselben Stelle können Sie die Stelle jederzeit entfernen.',
  install_get: 'Zertifizierungsstelle holen',
  install_crt: 'Zertifikat (.crt)',
  install_profile: 'Profil für iPhone, iPad und Mac',
  install_fingerprint: 'Der Server zeigt beim Start diesen Fingerabdruck; das Zertifikat muss denselben haben:',
  install_none:
    'Dieser Dienst hat keine Zertifizierungsstelle: Er läuft nur für diesen Rechner. Starten Sie ihn mit „sottovoce serve --lan“.',
  install_ios: 'iPhone und iPad',
  ios_1: 'Öffnen Sie diese Seite in Safari und holen Sie das Profil. Erlauben Sie den Download.',
  ios_2: 'Einstellungen → Allgemein → VPN und Geräteverwaltung → Sottovoce → Installieren.',
  ios_3: 'Einstellungen → Allgemein → Info → Zertifikatsvertrauenseinstellungen: Sottovoce einschalten.',
  install_android: 'Android',
  android_1: 'Holen Sie das Zertifikat.',
  android_2:
    'Einstellungen → Sicherheit & Datenschutz → Mehr → Verschlüsselung & Anmeldedaten → Zertifikat installieren → CA-Zertifikat.',
  android_3:
    'Bestätigen Sie „Trotzdem installieren“ und wählen Sie die Datei. Nehmen Sie Chrome; Firefox für Android nimmt solche Stellen nicht an.',
  install_windows: 'Windows (Chrome, Edge)',
  windows_1: 'Holen Sie das Zertifikat und öffnen Sie es: Zertifikat installieren → Aktueller Benutzer.',
  windows_2: 'Legen Sie es unter „Vertrauenswürdige Stammzertifizierungsstellen“ ab und starten Sie den Browser neu.',
  install_mac: 'Mac (Safari, Chrome)',
  mac_1: 'Holen Sie das Zertifikat und öffnen Sie es; die Schlüsselbundverwaltung legt es im Schlüsselbund „Anmeldung“ ab.',
  mac_2: 'Öffnen Sie es dort: Vertrauen → Bei Verwendung dieses Zertifikats: Immer vertrauen.',
  install_linux: 'Linux (Chrome, Chromium)',
  linux_1: 'Holen Sie das Zertifikat. Einstellungen → Datenschutz und Sicherheit → Sicherheit → Zertifikate verwalten.',
  linux_2: 'Importieren Sie es unter Zertifizierungsstellen und vertrauen Sie ihm zur Identifizierung von Websites.',
  install_firefox: 'Firefox auf einem Rechner',
  firefox_1: 'Einstellungen → Datenschutz & Sicherheit → Zertifikate → Zertifikate anzeigen → Zertifizierungsstellen → Importieren.',
  firefox_2: 'Wählen Sie die Datei und vertrauen Sie ihr, um Websites zu identifizieren.',
  install_check: 'Prüfen',
  check_1: 'Öffnen Sie die sichere Adresse: Es kommt keine Warnung, und auf Start wird nach dem Mikrofon gefragt.',
  check_open: 'Sichere Adresse öffnen',
  check_yes: 'Diese Seite ist sicher: Ihr Gerät vertraut dem Dienst.',
  check_no: 'Diese Seite wurde ohne Verschlüsselung geöffnet.',
};
