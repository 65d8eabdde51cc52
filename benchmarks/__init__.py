"""Measurements, as ratios against a named baseline in the same run. None of them is a test."""
