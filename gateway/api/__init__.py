"""The public API: gRPC and REST, who may call and who follows what."""
