"""The networks: their training data, training, scores and files."""
