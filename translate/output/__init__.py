"""Captions for people and programs: the terminal, text, subtitles, JSON, wire events."""
