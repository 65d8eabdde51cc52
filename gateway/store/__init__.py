"""What is kept: rows, blobs, uploads, and for how long."""
