"""`python -m services.classifier`: serve until told to stop."""

import sys

import structlog
from notreally.v1 import classifier_pb2_grpc

from services.classifier.model import ModelError, load
from services.classifier.server import SERVICE_NAME, ClassifierServicer
from services.classifier.settings import ClassifierSettings
from services.kit import logs
from services.kit.serving.server import serve


def main() -> int:
    """Load the model, then serve it; give the exit status."""
    settings = ClassifierSettings()
    logs.configure("classifier", settings.log_level)
    try:
        model = load(settings.model_path)
    except ModelError as error:
        structlog.get_logger().error("model refused", explanation=str(error))
        return 1
    servicer = ClassifierServicer(model)
    serve(
        "classifier",
        [SERVICE_NAME],
        lambda server: classifier_pb2_grpc.add_ClassifierServiceServicer_to_server(servicer, server),
        settings,
        warm_up=model.warm_up,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
