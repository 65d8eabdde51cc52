"""`python -m services.kit.probe ADDRESS [NAME]`: the health of a server as an exit status.

For what runs commands inside a container to learn that (Docker's health checks); Kubernetes asks by itself.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_PATIENCE_S = 3.0


def is_serving(address: str, name: str = "") -> bool:
    """Whether the server at `address` says SERVING, as a whole or under the name of one of its services."""
    # A proxy is for the world outside.
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(service=name), timeout=_PATIENCE_S
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def main(arguments: list[str]) -> int:
    """The exit status: 0 healthy, 1 not, 2 asked in a wrong way."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("usage: python -m services.kit.probe ADDRESS [NAME]\n")
        return 2
    return 0 if is_serving(*arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
