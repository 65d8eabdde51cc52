"""The training data: clips, folds, measured vectors, crops."""
