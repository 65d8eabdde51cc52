"""The labelled videos: folders of real and fake ones, and what a manifest says about them."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".3gp", ".wmv", ".flv"})
_NEEDED_COLUMNS = ("file", "label", "group_id")

_COPIED_DATA_SETS = {"ffpp": "FaceForensics++", "dfdc": "DFDC"}
"""Data sets whose clips many pages hold, by the word in a method or a subset that tells them."""

OF_SOUND = ("re-dubbed", "vocoded")
"""Methods that forge the sound only."""


class ClipsError(ValueError):
    """The folders or the manifest cannot be used. The message is a sentence for the person who started the training."""


@dataclass(frozen=True)
class Clip:
    """One labelled video.

    Attributes:
        path: where it lies.
        fake: its label.
        group: shared by all clips with a common person or source; never split between training and testing.
        subset: the collection it comes from; scores are reported for each.
        method: how it was forged, or "none".
        source: the data set or page it was found in. A detector meets videos from none of those it learned from.
    """

    path: Path
    fake: bool
    group: str
    subset: str = "unknown"
    method: str = "unknown"
    source: str = "unknown"


@dataclass(frozen=True)
class Dataset:
    """Labelled videos.

    Attributes:
        clips: every video once, sorted by path.
        pairs: (real, fake) paths of the same person through the same encoder.
        warnings: what a reader of the results must know about the data, a sentence each.
    """

    clips: tuple[Clip, ...]
    pairs: tuple[tuple[Path, Path], ...]
    warnings: tuple[str, ...]

    @property
    def trainable(self) -> list[bool]:
        """For each clip, whether to train networks on it: not if only its sound is forged, as its pictures are real."""
        return [clip.method not in OF_SOUND for clip in self.clips]


def gather(real: Sequence[str], fake: Sequence[str], manifest: Path | None = None) -> Dataset:
    """Find the videos below folders, and what a manifest says about each.

    Args:
        real: folders of real videos; one string may hold several, separated by the path separator (`:`).
        fake: folders of fake videos, likewise.
        manifest: CSV with the columns file (relative to the manifest), label and group_id, and maybe subset, method and
            source or source_repo (see `source_of`).
            When None, a `manifest.csv` that lies in the folder holding all the given ones is used. A `pairs.csv` with
            the columns real and fake beside the manifest names the pairs.

    Raises:
        ClipsError: a folder is missing or empty, a video is labelled both ways, or the manifest cannot be used.
    """
    return _gather({False: _folders(real), True: _folders(fake)}, manifest)


def gather_real(real: Sequence[str], manifest: Path | None = None) -> Dataset:
    """As `gather`, where there are no fakes yet."""
    return _gather({False: _folders(real)}, manifest)


def unique(dataset: Dataset, content: Callable[[Path], str]) -> tuple[Dataset, dict[Path, str]]:
    """The distinct videos, and why others are left out: copies, and all copies of a video with both labels.

    A copy could leak from training into testing, so the groups of a video and its copies are merged.

    Args:
        dataset: with or without copies.
        content: identifies the content of a file, such as its hash.
    """
    first: dict[str, Clip] = {}
    labels: dict[str, set[bool]] = {}
    names = {clip.path: content(clip.path) for clip in dataset.clips}
    clips = linked(dataset.clips, names)
    for clip in clips:
        first.setdefault(names[clip.path], clip)
        labels.setdefault(names[clip.path], set()).add(clip.fake)
    left_out: dict[Path, str] = {}
    for clip in clips:
        if len(labels[names[clip.path]]) > 1:
            left_out[clip.path] = "the same content is labelled real and fake"
        elif clip is not first[names[clip.path]]:
            left_out[clip.path] = "a copy of another video"
    pairs = {(first[names[real]].path, first[names[fake]].path): None for real, fake in dataset.pairs}
    return (
        replace(
            dataset,
            clips=tuple(clip for clip in clips if clip.path not in left_out),
            pairs=tuple(pair for pair in pairs if not set(pair) & left_out.keys()),
        ),
        left_out,
    )


def linked(clips: Sequence[Clip], contents: Mapping[Path, str]) -> list[Clip]:
    """The same clips, with groups merged that hold the same content and so the same people."""
    name = {clip.group: clip.group for clip in clips}
    first: dict[str, str] = {}
    for clip in clips:
        kept, gone = name[first.setdefault(contents[clip.path], clip.group)], name[clip.group]
        if kept != gone:
            name = {group: kept if now == gone else now for group, now in name.items()}
    return [replace(clip, group=name[clip.group]) for clip in clips]


def fingerprint(dataset: Dataset, content: Callable[[Path], str]) -> str:
    """Hash of contents and labels, independent of paths, order and number of copies.

    Args:
        dataset: the videos.
        content: as for `unique`.
    """
    held = sorted({f"{content(clip.path)} {clip.fake}" for clip in dataset.clips})
    return hashlib.sha256("\n".join(held).encode()).hexdigest()


def _gather(folders: dict[bool, list[Path]], manifest: Path | None) -> Dataset:
    labels: dict[Path, bool] = {}
    for label, members in folders.items():
        for path in _videos(members):
            if labels.setdefault(path, label) != label:
                raise ClipsError(f"{path.name} lies in a folder of real and in a folder of fake videos.")
    for label in folders:
        if label not in labels.values():
            raise ClipsError(f"There is no video in the folders of {'fake' if label else 'real'} videos.")

    manifest = manifest or _manifest_beside([folder for members in folders.values() for folder in members])
    facts = _read_manifest(manifest) if manifest else {}
    clips, strangers = [], 0
    for path, label in sorted(labels.items()):
        known = facts.get(path)
        if known is None:
            strangers += 1
            clips.append(Clip(path, label, f"file:{path}"))
        elif known.fake != label:
            raise ClipsError(f"The manifest and the folder disagree on the label of {path.name}.")
        else:
            clips.append(known)
    pairs = _read_pairs(manifest.with_name("pairs.csv"), clips) if manifest else ()
    return Dataset(tuple(clips), pairs, _warnings(strangers, len(clips)))


def _folders(texts: Iterable[str]) -> list[Path]:
    folders = []
    for text in texts:
        # A folder whose own name holds the separator is meant as it stands.
        parts = [text] if Path(text).is_dir() else [part for part in text.split(os.pathsep) if part]
        for part in parts:
            if not Path(part).is_dir():
                raise ClipsError(f"There is no folder {part}.")
            folders.append(Path(part).resolve())
    return folders


def _videos(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix.lower() in _SUFFIXES and path.is_file() and not hidden:
                yield path.resolve()


def _manifest_beside(folders: Sequence[Path]) -> Path | None:
    parents = {folder.parent for folder in folders}
    if len(parents) != 1:
        return None
    manifest = parents.pop() / "manifest.csv"
    if not manifest.is_file():
        return None
    columns = pd.read_csv(manifest, nrows=0).columns
    return manifest if set(_NEEDED_COLUMNS) <= set(columns) else None


def _read_manifest(manifest: Path) -> dict[Path, Clip]:
    table = _read_table(manifest, _NEEDED_COLUMNS)
    facts = {}
    for row in table.to_dict("records"):
        if row["label"] not in ("real", "fake"):
            raise ClipsError(f"{manifest.name} labels {row['file']} as neither real nor fake.")
        path = (manifest.parent / row["file"]).resolve()
        facts[path] = Clip(
            path=path,
            fake=row["label"] == "fake",
            group=row["group_id"] or f"file:{path}",
            subset=row.get("subset") or "unknown",
            method=row.get("method") or "unknown",
            source=source_of(row),
        )
    return facts


def source_of(row: Mapping[str, str]) -> str:
    """The source of a clip by its line of a manifest.

    That is the column `source`, or else `source_repo`, the page it was found on; but clips of a data set that many
    pages copy from are of that data set. Without either, the clip is a source of its own, with all that share its
    group.
    """
    words = set(re.split("[^a-z0-9]+", f"{row.get('method', '')} {row.get('subset', '')}".lower()))
    copied = [name for word, name in _COPIED_DATA_SETS.items() if word in words]
    return row.get("source") or (copied or [row.get("source_repo", "")])[0] or f"group:{row['group_id']}"


def _read_pairs(path: Path, clips: Iterable[Clip]) -> tuple[tuple[Path, Path], ...]:
    if not path.is_file():
        return ()
    groups = {clip.path: clip.group for clip in clips}
    pairs = []
    for row in _read_table(path, ("real", "fake")).to_dict("records"):
        real, fake = ((path.parent / row[side]).resolve() for side in ("real", "fake"))
        if real not in groups or fake not in groups:
            continue
        if groups[real] != groups[fake]:
            raise ClipsError(f"{path.name} pairs {real.name} with {fake.name}, but their group_id differs.")
        pairs.append((real, fake))
    return tuple(pairs)


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ClipsError(f"{path.name} cannot be read as CSV.") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ClipsError(f"{path.name} lacks the columns {', '.join(missing)}.")
    return table


def _warnings(strangers: int, count: int) -> tuple[str, ...]:
    if not strangers:
        return ()
    return (
        f"It is not known who appears in {strangers} of {count} videos, so each counts as a person of its own. "
        "If someone appears in several, the scores below are too good. Give a manifest with a group_id per person.",
    )
