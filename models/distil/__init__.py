"""Distil small translation models for live speech: data, teacher, student, quantisation, scores, card.

Import nothing from here at run time: this package needs torch, the service does not.
"""
