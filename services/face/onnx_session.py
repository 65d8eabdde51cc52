"""Networks as they are run: in the thread that asks, as a worker has one core."""

from pathlib import Path

import onnxruntime

from services.face.network_file import NetworkError


def loaded(path: Path, content: bytes) -> onnxruntime.InferenceSession:
    """A network that computes in the thread that asks.

    Raises:
        NetworkError: It is not an ONNX network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no other class in common
        raise NetworkError(f"{path.name} is broken: it is no ONNX network. Train or fetch it again.") from error
