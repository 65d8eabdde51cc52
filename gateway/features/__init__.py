"""From signals to the ten features. Pure: arrays in, numbers out."""
