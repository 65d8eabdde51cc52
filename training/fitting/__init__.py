"""The model on the features: fitted, calibrated, written."""
