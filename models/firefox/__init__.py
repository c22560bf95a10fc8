"""The list of Firefox's translation models that ships as ``models/firefox.json``: how maintainers make it anew.

Import nothing from here at run time: :mod:`translate.registry.firefox` reads the list.
"""
