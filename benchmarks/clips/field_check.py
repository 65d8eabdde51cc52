"""Whether a clip's wrapping changes what is measured or said: `make field-check CLIPS=folder`.

`python -m benchmarks.clips.field_check folder [most]`: starts everything, wraps each clip of a folder (or so many of
them, spread over it) in every harmless way, analyses all of them, and says for each feature what its largest change
was. Ends with 1 when one is over the limit, or a verdict another. Only those ways count in which ffmpeg can write the
clip.
"""

import asyncio
import math
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from notreally.v1 import analysis_pb2

from benchmarks.clips.folder import asked, clips_in
from benchmarks.clips.wrappings import SOUND_FEATURES, WRAPPINGS, wrap
from cli.outcome import FEATURE_NAMES
from client import NotReally, ServiceError
from tests.integration.stack import running_stack

LIMIT = 0.02
_AT_ONCE = 3

Answer = analysis_pb2.AnalysisResult | str
"""What was found, or the reason why nothing was."""


@dataclass(frozen=True)
class Change:
    """How far a feature of a clip in a wrapping is from that beside which it is held.

    A share of the value, or of what is usual among real videos where that is more: of a value near 0 nothing is a small
    share. Infinite where the one is there and the other is missing.
    """

    clip: str
    wrapping: str
    feature: str
    share: float


def changes(clip: str, answers: Mapping[str, Answer]) -> Iterator[Change]:
    """Each feature of each wrapping beside that of what it is held against.

    Args:
        clip: Its name.
        answers: By wrapping; that of the clip itself by an empty name.
    """
    for name, answer in answers.items():
        if not name or (beside := WRAPPINGS[name].beside) is None:
            continue
        wrapping = WRAPPINGS[name]
        before = answers.get(beside)
        if before is None:  # not made
            continue
        if isinstance(answer, str) or isinstance(before, str):
            share = 0.0 if answer == before else math.inf
            yield Change(clip, name, "analysis" if share == 0 else f"analysis: {answer_in_short(answer)}", share)
            continue
        yield from differences(clip, name, before, answer, wrapping.apart_from)


def answer_in_short(answer: Answer) -> str:
    """The reason of a failure, or that it succeeded."""
    return answer if isinstance(answer, str) else "succeeded"


def differences(
    clip: str,
    name: str,
    before: analysis_pb2.AnalysisResult,
    after: analysis_pb2.AnalysisResult,
    apart_from: frozenset[str] = frozenset(),
) -> Iterator[Change]:
    """Each feature, and the verdict, of one result beside those of another."""
    usual = {summary.feature: summary.p95 - summary.p05 for summary in after.model.features}
    for feature in FEATURE_NAMES:
        if feature in apart_from:
            continue
        was, is_now = before.features.HasField(feature), after.features.HasField(feature)
        share = 0.0 if was == is_now else math.inf
        if was and is_now:
            one, other = getattr(before.features, feature), getattr(after.features, feature)
            share = abs(one - other) / max(abs(one), usual.get(feature, 0.0), 1e-9)
        yield Change(clip, name, feature, share)
    # Without sound there may be too little to see.
    is_fair = not (apart_from & SOUND_FEATURES) or after.verdict != analysis_pb2.VERDICT_INSUFFICIENT
    yield Change(clip, name, "verdict", 0.0 if before.verdict == after.verdict or not is_fair else math.inf)


def report(found: Iterable[Change]) -> tuple[str, bool]:
    """The largest change of each feature as a table, and whether all are within the limit."""
    largest: dict[str, Change] = {}
    over: list[Change] = []
    count = 0
    for change in found:
        count += 1
        known = largest.get(change.feature)
        if known is None or change.share > known.share:
            largest[change.feature] = change
        if change.share > LIMIT:
            over.append(change)
    lines = [f"{'feature':24}{'largest change':>16}  where"]
    lines += [f"{feature:24}{_share(change.share):>16}  {_where(change)}" for feature, change in largest.items()]
    lines += ["", f"{count} comparisons, {len(over)} above {LIMIT:.0%}"]
    lines += [f"  {_share(change.share):>8}  {change.feature}  {_where(change)}" for change in over]
    return "\n".join(lines), not over


def _share(share: float) -> str:
    return f"{share:.2%}" if math.isfinite(share) else "another"


def _where(change: Change) -> str:
    return f"{change.clip}, {change.wrapping}" if change.share else ""


async def check(client: NotReally, clip: Path, folder: Path) -> list[Change]:
    """Wrap a clip in every way, and have all of them analysed."""
    places = asyncio.Semaphore(_AT_ONCE)
    made = {"": clip}

    async def make(name: str) -> None:
        wrapping, path = WRAPPINGS[name], folder / f"{name}.{WRAPPINGS[name].suffix}"
        source = made.get(wrapping.beside or "")
        if source is None:
            return
        is_made = await asyncio.to_thread(wrap, source, wrapping, path)
        if is_made:
            made[name] = path

    async def analyze(name: str) -> Answer:
        async with places:
            try:
                return (await client.analyze(made[name])).result
            except ServiceError as error:
                return error.reason

    # Those that others are made from come first.
    for name in sorted(WRAPPINGS, key=lambda name: bool(WRAPPINGS[name].beside)):
        await make(name)
    answers = dict(zip(made, await asyncio.gather(*map(analyze, made)), strict=True))
    for name in WRAPPINGS:
        (folder / f"{name}.{WRAPPINGS[name].suffix}").unlink(missing_ok=True)
    return list(changes(clip.name, answers))


async def main(folder: Path, most: int | None) -> int:
    """Check all clips, and print what came of it."""
    clips = clips_in(folder, most)
    if not clips:
        print(f"There is no video in {folder}.", file=sys.stderr)
        return 2
    found: list[Change] = []
    with tempfile.TemporaryDirectory() as own, running_stack(Path(own) / "data") as stack:
        async with NotReally(stack.target) as client:
            for number, clip in enumerate(clips, start=1):
                of_clip = await check(client, clip, Path(own))
                found += of_clip
                worst = max(of_clip, key=lambda change: change.share)
                where = f"{worst.feature}, {worst.wrapping}" if worst.share else "nothing changes"
                print(f"{number} of {len(clips)}: {clip.name}: {_share(worst.share)} ({where})", flush=True)
    text, is_fine = report(found)
    print(text)
    return 0 if is_fine else 1


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(*asked("field_check"))))
    sys.exit(130)
