"""From features and a score to the result and its wording. Pure."""
