"""HTTPS of a service that other devices can reach: authority, certificates, and the names of this machine."""
