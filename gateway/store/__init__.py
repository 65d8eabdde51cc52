"""Storage: rows, blobs, uploads, retention."""
