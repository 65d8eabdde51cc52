"""From features and a score to the answer and its words. Pure."""
