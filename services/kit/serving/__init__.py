"""gRPC servers and channels: start-up, health, the interceptor, shutdown."""
