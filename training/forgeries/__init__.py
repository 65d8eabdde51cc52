"""Forgeries made of real faces, so that a folder of real videos is enough to learn from."""
