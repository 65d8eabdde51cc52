"""From landmarks and pixels to signals."""
