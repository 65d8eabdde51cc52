"""How far a score moves when nothing that matters changes: `make stability CLIPS=folder [MOST=30]`.

`python -m benchmarks.clips.stability folder [most]`: starts everything, alters each clip of a folder (or so many of
them, spread over it) in ways that leave real what is real, analyses all of them, and says how far P(fake) moved. Ends
with 1 when it moved by more than `LIMIT` in more than one clip in ten.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from notreally.v1 import analysis_pb2

from benchmarks.clips.folder import asked, clips_in
from client import NotReally, ServiceError
from tests.integration.stack import running_stack

LIMIT = 0.1
WANTED = 0.9
_ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-an")
_FINE = ("-crf", "12")

CHANGES: Mapping[str, tuple[str, ...]] = {
    **{f"cut by {cut:g} s": ("-ss", f"{cut}", *_ENCODED, *_FINE) for cut in (0.2, 0.6, 1.0, 1.37)},
    "mirrored": ("-vf", "hflip", *_ENCODED, *_FINE),
    "three quarters of the size": ("-vf", "scale=trunc(iw*3/8)*2:trunc(ih*3/8)*2", *_ENCODED, *_FINE),
    "CRF 23": (*_ENCODED, "-crf", "23"),
}
"""By what is done: ffmpeg's options."""


def changed(clip: Path, options: Sequence[str], path: Path) -> bool:
    """Write a clip with a change; False where ffmpeg cannot."""
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(clip), *options, str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0 and path.stat().st_size > 0


async def moves(client: NotReally, clip: Path, folder: Path) -> dict[str, float]:
    """By change, by how much P(fake) moved; empty where the clip itself shows too little for a score."""

    async def score(path: Path) -> float | None:
        with suppress(ServiceError):
            result = (await client.analyze(path)).result
            return result.prob_fake if result.verdict != analysis_pb2.VERDICT_INSUFFICIENT else None
        return None

    before = await score(clip)
    if before is None:
        return {}
    found = {}
    for name, options in CHANGES.items():
        path = folder / "changed.mp4"
        if await asyncio.to_thread(changed, clip, options, path) and (after := await score(path)) is not None:
            found[name] = abs(after - before)
    return found


def report(clips: Sequence[Mapping[str, float]]) -> tuple[str, bool]:
    """A table by change, the share of clips that stay within `LIMIT`, and whether these are enough."""
    lines = [f"{'change':28}{'median':>8}{'90th percentile':>17}{'largest':>9}"]
    for name in CHANGES:
        values = [clip[name] for clip in clips if name in clip]
        if values:
            median, high = np.quantile(values, [0.5, 0.9])
            lines.append(f"{name:28}{median:8.3f}{high:17.3f}{max(values):9.3f}")
    largest = [max(clip.values()) for clip in clips if clip]
    steady = float(np.mean([move < LIMIT for move in largest])) if largest else 0.0
    lines += ["", f"P(fake) moves by less than {LIMIT:g} in {steady:.0%} of {len(largest)} clips"]
    return "\n".join(lines), steady >= WANTED


async def main(folder: Path, most: int | None) -> int:
    """Try all clips, and print what came of it."""
    clips = clips_in(folder, most)
    if not clips:
        print(f"There is no video in {folder}.", file=sys.stderr)
        return 2
    found = []
    with tempfile.TemporaryDirectory() as own, running_stack(Path(own) / "data") as stack:
        async with NotReally(stack.target) as client:
            for number, clip in enumerate(clips, start=1):
                of_clip = await moves(client, clip, Path(own))
                found.append(of_clip)
                said = f"{max(of_clip.values()):.3f}" if of_clip else "no score"
                print(f"{number} of {len(clips)}: {clip.name}: {said}", flush=True)
    text, is_fine = report(found)
    print(text)
    return 0 if is_fine else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(*asked("stability"))))
    sys.exit(130)
