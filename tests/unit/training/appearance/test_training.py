"""Networks for each fold: who learns from whom, what is kept, and the released one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.crops import SIDE
from training.appearance import training
from training.appearance.encoder import Encoder
from training.appearance.features import Features
from training.appearance.head import Head, Settings, fit_head
from training.appearance.training import AppearanceTraining
from training.data.clips import Clip, Dataset
from training.data.crops import Portraits

Learned = list[list[str]]


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch, encoder: Encoder, portraits: Portraits) -> Learned:
    """Training on portraits of one face, from a small encoder; collects which clips each head was fitted to."""
    found: Learned = []

    def observed(clips: Sequence[Clip], features: Sequence[Features], settings: Settings) -> Head:
        found.append(sorted(one.path.stem for one in clips))
        return fit_head(clips, features, settings)

    def cut_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Path]:
        cache.mkdir(exist_ok=True)
        for path in paths:
            shown = slice(0, 0) if path.stem == "faceless" else slice(None)
            held = {name: getattr(portraits, name)[shown] for name in ("pixels", "points", "scale")}
            np.savez(cache / f"{path.stem}.npz", **held)
        return [cache / f"{path.stem}.npz" for path in paths]

    monkeypatch.setattr(training, "pretrained", lambda *_: encoder)
    monkeypatch.setattr(training, "fit_head", observed)
    monkeypatch.setattr(training, "cut_all", cut_all)
    return found


CLIPS = (
    ("a", False, "ann", "none", "one"),
    ("b", True, "ann", "swap", "one"),
    ("c", False, "bob", "none", "two"),
    ("d", True, "bob", "swap", "two"),
    ("e", True, "cay", "heads", "two"),
    ("faceless", False, "dan", "none", "two"),
    ("dubbed", True, "dan", "re-dubbed", "two"),
)
FOLD = np.array([int(source == "two") for *_, source in CLIPS])


@pytest.fixture
def trained(tmp_path: Path) -> AppearanceTraining:
    """Of four people on two pages; one method is on both pages, and one clip shows no face."""
    clips = tuple(
        Clip(tmp_path / f"{name}.mp4", fake, group, "studio", method, source)
        for name, fake, group, method, source in CLIPS
    )
    return AppearanceTraining(
        Dataset(clips, (), ()), Path("encoder.onnx"), Settings(), tmp_path, jobs=1, say=lambda _: None
    )


def test_of_sources_neither_people_nor_methods_are_met_elsewhere(learned: Learned, trained: AppearanceTraining) -> None:
    (scores,) = trained.of_sources(FOLD, [0])
    # The swaps of the other page are of the method that is held out; what is dubbed is forged in its sound alone.
    assert learned == [["c", "e", "faceless"], ["a"]]
    assert [clip.shape for clip in scores] == [(2, count) for count in (3, 3, 3, 3, 3, 0, 3)]


def test_of_people_everybody_else_is_learned_from(learned: Learned, trained: AppearanceTraining) -> None:
    trained.of_people(FOLD, [0])
    assert learned == [["c", "d", "e", "faceless"], ["a", "b"]]


def test_another_seed_forges_and_augments_anew(learned: Learned, trained: AppearanceTraining) -> None:
    one, other = trained.of_people(FOLD, [0, 1])
    assert len(learned) == 4
    assert not np.allclose(one[0], other[0])


def test_the_released_network_learned_from_everybody(
    learned: Learned, trained: AppearanceTraining, tmp_path: Path
) -> None:
    path, matrices = tmp_path / "released.onnx", tmp_path / "matrices.npz"
    trained.train_released(path, matrices, 0)
    assert learned == [["a", "b", "c", "d", "e", "faceless"]]
    network = AppearanceNetwork(path, path.read_bytes(), matrices.read_bytes())
    assert np.isfinite(network.patches(np.zeros((SIDE, SIDE, 3), np.uint8))).all()
