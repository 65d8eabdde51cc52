"""A gRPC server and its channels: start-up, health, the one interceptor, the end."""
