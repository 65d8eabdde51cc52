"""`python -m tests.servers.s3_main PORT`: moto's S3 on the loopback, with a JSON line for each answer."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

_App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def counted(app: _App) -> _App:
    """The application, with a line for each answer once its last byte is out."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        began, sent, status = time.time(), 0, ""

        def started(line: str, *rest: Any) -> Any:
            nonlocal status
            status = line
            return start(line, *rest)

        for piece in app(environ, started):
            sent += len(piece)
            yield piece
        facts = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": int(status[:3])}
        received = int(environ.get("CONTENT_LENGTH") or 0)
        facts |= {"range": environ.get("HTTP_RANGE", ""), "sent": sent, "received": received, "began": began}
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()

    return answer


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), counted(application), threaded=True)
