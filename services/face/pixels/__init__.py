"""From the bytes of a video to pictures."""
