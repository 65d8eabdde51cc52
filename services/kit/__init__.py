"""What every server shares: start-up, health, limits, errors, logs, settings, media access, work off the event loop."""
