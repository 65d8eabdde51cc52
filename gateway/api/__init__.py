"""The public API: gRPC and REST, admission, watching."""
