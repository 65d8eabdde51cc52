"""What decodes and computes is for the workers: the services that talk to the network never load it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.synthetic.networks import voice_network

_HEAVY = ("av", "cv2", "librosa", "matplotlib", "mediapipe", "numba", "onnxruntime", "scipy")


@pytest.mark.parametrize(
    "module",
    ["services.face.__main__", "services.audio.__main__", "services.metadata.__main__", "services.kit.workers.main"],
)
def test_a_service_and_an_unwarmed_worker_are_light(module: str) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in _HEAVY if name in loaded] == []


def test_a_face_worker_does_without_plotting() -> None:
    code = "from services.face import work; work.warm_up(); import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "mediapipe" in loaded
    assert "matplotlib" not in loaded


def test_an_audio_worker_does_without_a_compiler(tmp_path: Path) -> None:
    path = str(voice_network(tmp_path / "voice.onnx"))
    code = f"""
from pathlib import Path
from services.audio import work
work.warm_up(Path({path!r}))
import sys
print(*sys.modules)
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "librosa" in loaded
    assert {"numba", "scipy.signal", "scipy.stats", "scipy.interpolate", "scipy.ndimage"}.isdisjoint(loaded)


@pytest.mark.parametrize("module", ["gateway.server", "services.face.__main__", "services.kit.workers.main"])
def test_a_server_loads_nothing_it_can_do_without(module: str) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "structlog" in loaded
    # The log is in JSON, and most databases are of this version already.
    assert {"alembic", "rich", "pygments", "scipy"}.isdisjoint(loaded)


def test_a_classifier_does_without_what_trees_could_be_trained_with() -> None:
    code = "import services.classifier.__main__, sys; print(*sys.modules); import pandas, sklearn"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "xgboost" in loaded
    assert {"pandas", "pyarrow", "sklearn", "matplotlib"}.isdisjoint(loaded)
