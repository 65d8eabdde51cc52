"""The real path of a network: from videos to scores of unseen people and to a file that the face service loads."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.face.networks.crops import FRAMES, SIDE
from services.face.networks.texture_network import TextureNetwork
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.data.clips import OF_SOUND, Clip, Dataset
from training.data.folds import group_folds
from training.networks.scores import Scores
from training.networks.snippets import Kind, Snippets
from training.networks.texture import RECOMPRESSIONS, SHAMS, TextureTraining
from training.pipeline import QUICK

torch = pytest.importorskip("torch", reason="`make train` installs PyTorch")

from training.networks import learning, texture  # noqa: E402
from training.networks.export import export  # noqa: E402
from training.networks.learning import Settings  # noqa: E402
from training.networks.network import Part, PatchNetwork, WholeNetwork  # noqa: E402
from training.networks.network import TextureNetwork as Learner  # noqa: E402

# Two steps: whether a network learns is asked in test_network.py.
SHORT = tuple(replace(part, samples=4, batch=2) for part in QUICK.parts)


@pytest.fixture(scope="module")
def dataset(face_video: MakeFaceVideo) -> Dataset:
    """Two people with a real and a fake video each, all of the same face: nothing to learn, everything to run."""
    clips = []
    for person in range(2):
        for fake in (False, True):
            path = face_video(FaceVideo(seconds=0.4, size=(320, 240), iod=50 + 4 * person + 2 * fake))
            clips.append(Clip(path, fake, f"person {person}", "studio", "swap" if fake else "none"))
    return Dataset(tuple(clips), ((clips[0].path, clips[1].path), (clips[2].path, clips[3].path)), ())


@pytest.fixture(scope="module")
def made(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops and snippets of them, made by two processes."""
    folder = tmp_path_factory.mktemp("made")
    assert all(_training(dataset, folder, jobs=2)._shown)
    return folder / "cache"


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder for a training, whose cache has these."""
    shutil.copytree(made, tmp_path / "cache")
    return tmp_path


def _training(
    dataset: Dataset,
    folder: Path,
    recipe: Sequence[Settings] = SHORT,
    *,
    cache: str = "cache",
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> TextureTraining:
    fold = group_folds(dataset)
    return TextureTraining(dataset, fold, recipe, folder / cache, folder / "scores", jobs=jobs, say=say)


def test_pictures_that_nobody_forged_are_not_shown_as_forged(
    dataset: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[int] = []

    def train(videos: list[Snippets], *_: object) -> Part:
        learned.append(sum(bool(np.any(one.kind == Kind.LABELLED)) for one in videos))
        part: Part = PatchNetwork().eval()
        return part

    monkeypatch.setattr(texture, "train_part", train)
    dubbed = replace(dataset, clips=tuple(replace(c, method=OF_SOUND[0]) if c.fake else c for c in dataset.clips))
    for shown in (dataset, dubbed):
        _training(shown, folder, SHORT[:1]).out_of_fold([0])
    assert learned == [1, 1, 0, 0]


def test_too_few_real_faces_to_forge_are_refused_before_anything_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = tuple(
        Clip(tmp_path / f"{person} {fake}", fake, f"person {person}") for person in "ab" for fake in (False, True)
    )
    training = _training(Dataset(clips, (), ()), tmp_path)
    vars(training)["_snippets"] = [clip.path for clip in clips]
    faceless = [clips[0].path]
    monkeypatch.setattr(texture, "read_snippets", lambda kept: SimpleNamespace(kind=[] if kept in faceless else [0]))
    with pytest.raises(ValueError, match="Too few people have real videos with a face"):
        training._training_data(0)
    faceless.clear()
    assert len(training._training_data(0)[0]) == 2


def test_the_members_of_a_pair_are_augmented_alike_and_nobody_else(dataset: Dataset) -> None:
    alone = replace(dataset, pairs=dataset.pairs[:1])
    assert texture._augmentation_ids(dataset) == [0, 0, 2, 2]
    assert texture._augmentation_ids(alone) == [0, 0, 2, 3]


@pytest.mark.timeout(600)
def test_from_videos_to_scores_and_to_the_file_that_is_served(
    dataset: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_REPORT_EVERY", 2)  # keeps what is unfinished, to be removed at the end
    said: list[str] = []
    training = _training(dataset, folder, say=said.append)
    scores = training.out_of_fold([0])
    # The videos have fewer frames than snippets are asked for: each frame ends one, but for the first few.
    assert all(6 <= len(clip) <= 12 for clip in scores.log_odds[0])
    assert all(np.isfinite(clip).all() for clip in scores.log_odds[0])
    assert set(scores.parts) == {"places", "whole"}
    for both, places, whole in zip(
        scores.log_odds[0], scores.parts["places"][0], scores.parts["whole"][0], strict=True
    ):
        assert both == pytest.approx((places + whole) / 2, abs=1e-5)
    assert set(scores.recompressed) == set(RECOMPRESSIONS)
    assert set(scores.sham) == set(SHAMS)
    fakes = [clip.fake for clip in dataset.clips]
    assert [len(clip) == 0 for clip in scores.sham[SHAMS[0]][0]] == fakes

    # What was done is not done again.
    def trained() -> int:
        return sum(sentence.endswith(": training") for sentence in said)

    assert trained() == 4  # two parts without each of two people
    again = training.out_of_fold([0])
    assert trained() == 4
    assert all(np.array_equal(*pair) for pair in zip(scores.log_odds[0], again.log_odds[0], strict=True))

    assert [path.suffix for path in (folder / "cache" / "networks").iterdir()] == [".pt"] * 4
    shipped, again_shipped = folder / "network.onnx", folder / "again" / "network.onnx"
    training.train_released(shipped, 0)
    network = TextureNetwork(shipped, shipped.read_bytes())
    training.train_released(again_shipped, 0)
    assert again_shipped.read_bytes() == shipped.read_bytes()
    assert trained() == 6
    snippet = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, FRAMES), dtype=np.uint8)
    assert np.isfinite(network.score([snippet]).log_odds).all()


def _write_down(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"{text}\n")


@pytest.mark.timeout(600)
def test_out_of_fold_scores_are_enough_to_evaluate_on_another_machine(dataset: Dataset, folder: Path) -> None:
    told = folder / "told.txt"
    told.touch()
    say = partial(_write_down, told)
    first = _training(dataset, folder, SHORT[:1], jobs=2, say=say).out_of_fold([3])
    said = told.read_text().splitlines()
    assert {f"Seed 3, all but people {number} of 2, places: training" for number in (1, 2)} < set(said)

    # The same videos elsewhere, and nothing else.
    moved = []
    for clip in dataset.clips:
        path = folder / "elsewhere" / clip.path.name
        path.parent.mkdir(exist_ok=True)
        moved.append(replace(clip, path=Path(shutil.copy(clip.path, path))))
    pairs = tuple((moved[real].path, moved[real + 1].path) for real in (0, 2))
    again = _training(Dataset(tuple(moved), pairs, ()), folder, SHORT[:1], cache="none", say=say).out_of_fold([3])
    assert told.read_text().splitlines() == said
    assert not (folder / "none").exists()
    for view in ("log_odds", "parts", "recompressed", "sham"):
        for one, other in zip(*(_flat(getattr(scores, view)) for scores in (first, again)), strict=True):
            np.testing.assert_array_equal(one, other)

    # Of other people nothing is known.
    renamed = tuple(replace(clip, fake=not clip.fake) for clip in moved)
    swapped = _training(Dataset(renamed, (), ()), folder, SHORT[:1])
    assert {swapped._name(number, 3) for number in (0, 1)}.isdisjoint(p.name for p in (folder / "scores").iterdir())


def _flat(scores: Scores | dict[str, Scores]) -> list[NDArray[np.float64]]:
    views = scores.values() if isinstance(scores, dict) else [scores]
    return [crops for view in views for clips in view for crops in clips]


def test_a_network_of_two_parts_is_served_as_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = Learner([PatchNetwork(), WholeNetwork()]).eval()
    with torch.no_grad():
        # As after training: weights that both parts have alike would be written once.
        for weights in learner.parameters():
            weights.mul_(1 + 0.01 * torch.randn_like(weights))
    path = tmp_path / "network.onnx"
    export(learner, path)
    assert path.stat().st_size < 5_000_000
    snippets = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, FRAMES), dtype=np.uint8)
    served = TextureNetwork(path, path.read_bytes()).score(list(snippets))
    with torch.inference_mode():
        wanted = learner(torch.from_numpy(snippets).permute(0, 3, 1, 2).float()).numpy()
    np.testing.assert_allclose(served.log_odds, wanted, atol=0.1)
    assert served.patches.shape == (3, 12, 12)
