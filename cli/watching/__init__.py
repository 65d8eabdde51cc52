"""`notreally watch`: a stream, a device or standard input as a live session."""
