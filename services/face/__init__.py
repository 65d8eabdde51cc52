"""The face service: video to landmarks, appearance and movement, window by window."""
