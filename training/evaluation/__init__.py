"""Evaluation: out-of-fold scores, baselines, checks."""
