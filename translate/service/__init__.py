"""Running unattended: under systemd, watched, with settings read again when told to."""
