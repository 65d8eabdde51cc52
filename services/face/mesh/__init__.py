"""Landmarks of a face at a known position, and the light on it."""
