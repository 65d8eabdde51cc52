"""Many files at once: folders, lists, and what arrives."""
