/** French, install page. @type {Record<string, string>} */
export default {
  install_title: 'Faire confiance à ce service',
  install_why:
    'Le service a créé sa propre autorité de certification, car aucune autorité publique ne se porte garante des machines ' +
    'd’un réseau local. Un appareil qui lui fait confiance ouvre les pages sécurisées sans avertissement. Pour lire, ce ' +
    'n’est pas nécessaire ; pour parler dans le microphone d’un autre appareil, si.',
  install_care:
    'Ne le faites que dans un réseau et pour une machine que vous connaissez. Vous pouvez retirer l’autorité à tout moment au même endroit.',
  install_get: 'Obtenir l’autorité',
  install_crt: 'Certificat (.crt)',
  install_profile: 'Profil pour iPhone, iPad et Mac',
  install_fingerprint: 'Le serveur affiche cette empreinte au démarrage ; le certificat doit avoir la même :',
  install_none:
    'Ce service n’a pas d’autorité : il a été démarré pour cette machine seulement. Démarrez-le avec « sottovoce serve --lan ».',
  install_ios: 'iPhone et iPad',
  ios_1: 'Ouvrez cette page dans Safari et obtenez le profil. Autorisez le téléchargement.',
  ios_2: 'Réglages → Général → VPN et gestion de l’appareil → Sottovoce → Installer.',
  ios_3: 'Réglages → Général → Informations → Réglages des certificats : activez Sottovoce.',
  install_android: 'Android',
  android_1: 'Obtenez le certificat.',
  android_2:
    'Paramètres → Sécurité et confidentialité → Plus → Chiffrement et identifiants → Installer un certificat → Certificat CA.',
  android_3:
    'Confirmez « Installer quand même » et choisissez le fichier. Utilisez Chrome ; Firefox pour Android n’accepte pas ces autorités.',
  install_windows: 'Windows (Chrome, Edge)',
  windows_1: 'Obtenez le certificat et ouvrez-le : Installer le certificat → Utilisateur actuel.',
  windows_2: 'Placez-le dans « Autorités de certification racines de confiance », terminez et relancez le navigateur.',
  install_mac: 'Mac (Safari, Chrome)',
  mac_1: 'Obtenez le certificat et ouvrez-le ; Trousseaux d’accès l’ajoute au trousseau de session.',
  mac_2: 'Ouvrez-le là : Se fier → Lors de l’utilisation de ce certificat : Toujours approuver.',
  install_linux: 'Linux (Chrome, Chromium)',
  linux_1: 'Obtenez le certificat. Paramètres → Confidentialité et sécurité → Sécurité → Gérer les certificats.',
  linux_2: 'Importez-le sous les autorités et faites-lui confiance pour identifier les sites web.',
  install_firefox: 'Firefox sur un ordinateur',
  firefox_1: 'Paramètres → Vie privée et sécurité → Certificats → Afficher les certificats → Autorités → Importer.',
  firefox_2: 'Choisissez le fichier et faites-lui confiance pour identifier les sites web.',
  install_check: 'Vérifier',
  check_1: 'Ouvrez l’adresse sécurisée : il n’y a pas d’avertissement, et Démarrer demande le microphone.',
  check_open: 'Ouvrir l’adresse sécurisée',
  check_yes: 'Cette page est sécurisée : votre appareil fait confiance au service.',
  check_no: 'Cette page a été ouverte sans chiffrement.',
};
