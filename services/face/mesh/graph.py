"""Running a MediaPipe graph as a stateless function: one input, one output."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.face.mesh.quiet import quiet_import

with quiet_import():
    import mediapipe
    from google.protobuf import text_format
    from google.protobuf.message import Message
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python import CalculatorGraph, ImageFormat, packet_creator, packet_getter, resource_util

# Work is done by the thread that asks: handing each picture to a thread of the graph's own and waiting for it costs
# as much as half the model.
_OWN_THREAD = 'executor { type: "ApplicationThreadExecutor" }\n'


class Graph:
    """A graph with picture and protobuf inputs and one protobuf output. Not safe for use by two threads at once.

    `mp.solutions` does the same, with an executor of its own and a new class for every answer.

    Args:
        config: The graph as text, without an executor.
        output: Name of its output stream.
        many: Whether that is a stream of lists.
        flags: Its side inputs.
    """

    def __init__(self, config: str, output: str, *, many: bool = False, **flags: bool) -> None:
        """Load its models, which come inside the mediapipe wheel."""
        resource_util.set_resource_dir(os.path.dirname(os.path.dirname(mediapipe.__file__)))  # noqa: PTH120
        self._graph = CalculatorGraph(graph_config=text_format.Parse(_OWN_THREAD + config, CalculatorGraphConfig()))
        self._content = packet_getter.get_proto_list if many else packet_getter.get_proto
        self._out: Any = None
        self._time = 0
        self._graph.observe_output_stream(output, self._take, True)
        self._graph.start_run({name: packet_creator.create_bool(flag) for name, flag in flags.items()})

    def run(self, **inputs: NDArray[np.uint8] | Message) -> Any:
        """The output for these inputs by name, a list for a stream of lists; None when the graph has nothing to say.

        Pictures are RGB, (height, width, 3).
        """
        self._out = None
        self._time += 1
        for name, value in inputs.items():
            self._graph.add_packet_to_input_stream(stream=name, packet=_packet(value).at(self._time))
        self._graph.wait_until_idle()
        return None if self._out is None else self._content(self._out)

    def _take(self, _stream: str, packet: Any) -> None:
        if not packet.is_empty():
            self._out = packet


def _packet(value: NDArray[np.uint8] | Message) -> Any:
    if isinstance(value, Message):
        return packet_creator.create_proto(value)
    return packet_creator.create_image_frame(data=value, image_format=ImageFormat.SRGB)
