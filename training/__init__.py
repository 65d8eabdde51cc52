"""Training: from folders of videos to the model that the classifier serves, and the card that says what it is worth."""
