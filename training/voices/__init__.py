"""Voices: recordings → augmented spectra → the encoder's features → the voice network, and what it is worth."""
