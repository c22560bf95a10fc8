"""Marian models with an SSRU decoder, such as Firefox's translation models, run in NumPy."""

from translate.translation.marian.folder import MarianFolder, find_folder, is_marian_folder, pair_of

__all__ = ["MarianFolder", "find_folder", "is_marian_folder", "pair_of"]
