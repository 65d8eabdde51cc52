"""Networks in ONNX files: read, checked, loaded."""

import os

# ONNX Runtime otherwise reports what it runs on to its maker, and keeps a number for this machine in its user's cache.
# It looks when it is loaded; this is before any module that loads it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
