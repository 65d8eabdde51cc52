"""From a folder of real videos to forged ones, shams, and a manifest that training reads like any other.

Each real clip gives a re-encoded copy (the real member of its pairs), a few forgeries, and one sham, which went through
a forgery's code unchanged and counts as real. All share one size, frame rate, light, noise and compression. Methods:

- `self-blended`: the face blended into itself after a change of colour, sharpness and position;
- `face-swap`: a picture of somebody else from the same pool (see `people`), warped to each picture's landmarks;
- `low-resolution`: the face scaled down to 64 to 160 pixels and up again;
- `lip-paste`: the lower face of another moment, scaled down and up likewise;
- `warp-flicker`: the face warped and lit with noise that is correlated in time;
- `re-dubbed`: the voice of somebody else from the same pool, or the clip's own from another moment;
- `vocoded`: the voice reconstructed from a mel spectrogram.

The result depends on the seed and the content of the clips, not on their names or order, nor on when it is made.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed

from training.data.clips import Clip, ClipsError, linked
from training.data.vectors import content_hash
from training.forgeries.clip import REENCODED, Donor, Made, Source, make, plan
from training.forgeries.people import pools

SUBSET = "synthesised"
"""Subset of all clips made here, re-encoded ones and shams included."""

FORGERIES = 3
SECONDS = 6.0


@dataclass(frozen=True)
class Forged:
    """What was made.

    Attributes:
        manifest: CSV of all clips made and of their sources; a pairs.csv lies beside it.
        real: folder of re-encoded clips and shams.
        fake: folder of forgeries.
        refused: why nothing, or not everything, could be made from a clip.
    """

    manifest: Path
    real: Path
    fake: Path
    refused: dict[Path, str]


def forge(
    clips: Sequence[Clip],
    out: Path,
    *,
    seed: int = 0,
    forgeries: int = FORGERIES,
    seconds: float = SECONDS,
    jobs: int = 1,
    on_done: Callable[[Path], None] = lambda path: None,
) -> Forged:
    """Make forged clips from real ones in `out`; clips already there are kept.

    Args:
        clips: real ones; fakes among them are skipped.
        out: folder to make them in; what an earlier run with other arguments made there is removed.
        seed: of all draws.
        forgeries: of each clip.
        seconds: at most this much of each clip.
        jobs: clips processed at once.
        on_done: called once for each clip.

    Raises:
        ClipsError: `out` holds, or lies among, the real clips; or none of them could be used.
    """
    out = out.resolve()
    originals = [clip for clip in clips if not clip.fake]
    for clip in originals:
        if out in clip.path.parents:
            raise ClipsError(f"{clip.path.name} lies in the output folder for the fakes. Choose another folder.")
    sources, groups = _sources(originals, seed, forgeries, seconds)
    (out / "real").mkdir(parents=True, exist_ok=True)
    (out / "fake").mkdir(exist_ok=True)
    done = Parallel(n_jobs=jobs, return_as="generator")(delayed(make)(source, out) for source in sources)
    for source, _ in zip(sources, done, strict=True):
        on_done(source.path)

    planned = {source: plan(source) for source in sources}
    made = {source: [one for one in ones if one.place(out).exists()] for source, ones in planned.items()}
    if not any(one.fake for ones in made.values() for one in ones):
        raise ClipsError("Nothing could be forged: no face is large enough for long enough in these videos.")
    _write_index(out, originals, made, groups)
    _remove_others(out, {one.place(out) for ones in made.values() for one in ones})
    refused = {source.path: why for source, ones in planned.items() if (why := _refusal(ones, out))}
    return Forged(out / "manifest.csv", out / "real", out / "fake", refused)


def _sources(clips: Sequence[Clip], seed: int, forgeries: int, seconds: float) -> tuple[list[Source], dict[Path, str]]:
    """What to make from each content, and the pool of each path."""
    contents = {clip.path: content_hash(clip.path) for clip in clips}
    clips = linked(clips, contents)
    people: dict[str, dict[str, Donor]] = {}
    for clip in sorted(clips, key=lambda clip: contents[clip.path]):
        people.setdefault(clip.group, {}).setdefault(contents[clip.path], Donor(clip.path, contents[clip.path]))
    pool = pools({person: list(owned) for person, owned in people.items()}, seed)
    sources: dict[str, Source] = {}
    for clip in clips:
        strangers = (one for one in people if one != clip.group and pool[one] == pool[clip.group])
        donors = sorted((donor for one in strangers for donor in people[one].values()), key=lambda donor: donor.content)
        content = contents[clip.path]
        # Copies of a clip would give copies of its forgeries.
        sources.setdefault(content, Source(clip.path, content, tuple(donors), seed, forgeries, seconds))
    return list(sources.values()), {clip.path: pool[clip.group] for clip in clips}


def _write_index(out: Path, clips: Sequence[Clip], made: dict[Source, list[Made]], groups: dict[Path, str]) -> None:
    rows = [(_beside(out, clip.path), "real", groups[clip.path], clip.subset, "none", "") for clip in clips]
    pairs = []
    for source, ones in made.items():
        own = {one: one.place(out).relative_to(out).as_posix() for one in ones}
        for one, name in own.items():
            label, method = "fake" if one.fake else "real", f"sham-{one.method}" if one.sham else one.method
            rows.append((name, label, groups[source.path], SUBSET, method, _beside(out, source.path)))
        real = [name for one, name in own.items() if one.method == REENCODED]
        pairs += [(first, name) for first in real for one, name in own.items() if one.fake]
    _write(out / "manifest.csv", ("file", "label", "group_id", "subset", "method", "source"), rows)
    _write(out / "pairs.csv", ("real", "fake"), pairs)


def _write(path: Path, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    pd.DataFrame(sorted(rows), columns=list(columns)).to_csv(path, index=False)


def _beside(out: Path, path: Path) -> str:
    return Path(os.path.relpath(path, out)).as_posix()


def _remove_others(out: Path, kept: set[Path]) -> None:
    """Clips of an earlier run would be taken for fakes of unknown people."""
    for folder in ("real", "fake"):
        for path in (out / folder).glob("*.*.*.mp4"):
            if path not in kept:
                path.unlink()


def _refusal(ones: Iterable[Made], out: Path) -> str:
    reasons = {one.refusal(out).read_text() for one in ones if one.refusal(out).exists()}
    return " ".join(sorted(reasons))
