"""Training: from folders of videos to the model that the classifier serves, and the card that says what it is worth."""

import os

# As in `services.face`: training loads ONNX Runtime by itself, too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
