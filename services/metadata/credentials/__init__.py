"""Content Credentials (C2PA): what a signed manifest in a file says of its making. Shown, never scored."""
