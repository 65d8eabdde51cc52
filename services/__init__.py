"""The gRPC services, one folder each, and the kit they share."""
