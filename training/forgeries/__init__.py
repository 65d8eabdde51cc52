"""Forgeries made from real faces, so that a folder of real videos is enough to train on."""
