"""Face detection in frames and tracking through a window."""
