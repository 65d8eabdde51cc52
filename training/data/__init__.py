"""What is learned from: clips, folds, measured vectors, crops."""
