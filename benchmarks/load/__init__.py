"""Many callers at once, one of them greedy: what is accepted, refused, completed and lost, and how long it takes."""
