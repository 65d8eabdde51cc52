"""An analysis while it runs: planned, fanned out to the services, kept alive over restarts, concluded."""
