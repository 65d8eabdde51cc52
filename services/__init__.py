"""The gRPC services, one folder each, and the kit they share."""

from services.kit.imports import standing_in

# structlog imports rich where it finds it, for logs in colours: a tenth of a second for each process. Ours are JSON.
with standing_in({"rich": None}):
    import structlog as structlog
