"""Landmarks of a face in a known place, and the light on it."""
