"""Rooms: a speaker, listeners, what each of them is sent, and how they come back."""
