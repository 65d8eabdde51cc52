"""What the model is worth: out-of-fold scores, baselines, checks."""
