"""Where the face service's CPU time goes, frame by frame: decoding, finding, following, texture, serialising.

`python -m benchmarks.stages VIDEO...`: reads each video in this one process, first its pictures alone and then the
signals of pictures already in memory, a window at a time, so that no two stages run at once. CPU time of the process,
threads of ffmpeg, OpenCV and MediaPipe included.
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import av

from services.face import extraction
from services.face.finding.detection import FaceDetector
from services.face.mesh import mesh
from services.face.messages import response
from services.face.networks import models, portraits
from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.motion_network import MotionNetwork
from services.face.networks.network_file import SHIPPED
from services.face.pixels.decoding import TimedPicture, timed_pictures
from services.face.pixels.pictures import Picture
from services.face.windows import FaceJob, Window

Account = defaultdict[str, float]
"""CPU seconds by stage."""

CROPS = 2
"""Portraits scored in each window: about eight of a ten-second clip, as in the service."""

WINDOW_S = 2.0
"""Of frames held in memory at once."""


def stages(path: Path) -> tuple[Account, int]:
    """CPU seconds of each stage, and how many frames were analysed."""
    spent: Account = defaultdict(float)
    frames = 0
    with av.open(str(path)) as container:
        seconds = (container.duration or 0) / av.time_base
    starts = [number * WINDOW_S for number in range(max(1, round(seconds / WINDOW_S)))]
    job = FaceJob(tuple(Window(number, start, start + WINDOW_S) for number, start in enumerate(starts)))
    pictures = timed_pictures(path, job, lambda: False)
    held: list[TimedPicture] = []
    ended = False
    while not ended:
        began = time.process_time()
        while (one := next(pictures, None)) is not None:
            held.append(one)
            if one.window != held[0].window:
                break
        ended = one is None
        spent["decoding"] += time.process_time() - began
        now = [each for each in held if each.window == held[0].window]
        held = held[len(now) :]
        frames += len(now)
        _analyse(path, now, spent)
    return spent, frames


def _analyse(path: Path, pictures: list[TimedPicture], spent: Account) -> None:
    """Signals of one window of pictures in memory, each stage on its own account."""
    inside: Account = defaultdict(float)
    job = FaceJob((pictures[0].window,), max_thumbnails=1, max_crops=CROPS)
    began = time.process_time()
    with ExitStack() as patches:
        patches.enter_context(patch.object(extraction, "timed_pictures", lambda *_: (each for each in pictures)))
        for owner, name, stage in (
            (FaceDetector, "detect", "finding faces"),
            (mesh.FaceMesh, "face", "landmarks: model"),
            (mesh, "light_on", "light on the face"),
            (extraction, "movements", "movement"),
            (MotionNetwork, "score", "movement"),
            (extraction, "measure_texture", "texture"),
            (portraits, "face_thumbnail", "thumbnails"),
            (portraits, "face_portrait", "appearance network: portrait"),
            (AppearanceNetwork, "patches", "appearance network"),
        ):
            patches.enter_context(patch.object(owner, name, _timed(getattr(owner, name), inside, stage)))
        items = list(extraction.extract(lambda: False, path, job))
    rest = time.process_time() - began - sum(inside.values())
    began = time.process_time()
    for item in items:
        response(item).SerializeToString()
    spent["messages"] += time.process_time() - began
    spent["the rest"] += rest
    for stage, seconds in inside.items():
        spent[stage] += seconds


def _timed(function: Callable[..., Any], account: Account, stage: str) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        with ExitStack() as patches:
            if stage == "landmarks: model":
                # The model's input is on an account of its own.
                for name in ("planes", "in_colour"):
                    crop = _timed(getattr(Picture, name), account, "landmarks: crop")
                    patches.enter_context(patch.object(Picture, name, crop))
            began, others = time.process_time(), sum(account.values())
            result = function(*args, **kwargs)
            # What stages inside this one took is on their accounts.
            account[stage] += time.process_time() - began - (sum(account.values()) - others)
        return result

    return timed


def main() -> None:
    """Print a table."""
    models.warm_up(SHIPPED)
    columns = {}
    for argument in sys.argv[1:]:
        spent, frames = stages(Path(argument))
        columns[Path(argument).stem] = {stage: 1000 * seconds / frames for stage, seconds in spent.items()}
    names = sorted(
        {stage for column in columns.values() for stage in column},
        key=lambda s: -max(c.get(s, 0) for c in columns.values()),
    )
    print("| CPU ms a frame |", " | ".join(columns), "|")
    print("|---|", "---|" * len(columns), sep="")
    for name in names:
        print(f"| {name} |", " | ".join(f"{column.get(name, 0.0):.2f}" for column in columns.values()), "|")
    print("| **all** |", " | ".join(f"**{sum(column.values()):.2f}**" for column in columns.values()), "|")


if __name__ == "__main__":
    main()
