"""The real path of a network: from videos to scores of unseen people and to a file that the face service loads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.face.crops import FRAMES, SIDE
from services.face.texture_network import TextureNetwork
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.bank import Kind, Moments
from training.clips import Clip, Dataset
from training.folds import group_folds
from training.forgeries.clip import OF_SOUND
from training.pipeline import QUICK
from training.texture import GRID, SHAMS, TextureTraining

torch = pytest.importorskip("torch", reason="`make train` installs PyTorch")

from training import learning, texture  # noqa: E402
from training.export import export  # noqa: E402
from training.network import Part, PlacesNetwork, WholeNetwork  # noqa: E402
from training.network import TextureNetwork as Learner  # noqa: E402


@pytest.fixture
def dataset(face_video: MakeFaceVideo) -> Dataset:
    """Two people with a real and a fake video each, all of the same face: nothing to learn, everything to run."""
    clips = []
    for person in range(2):
        for fake in (False, True):
            path = face_video(FaceVideo(seconds=0.4, size=(320, 240), iod=50 + 4 * person + 2 * fake))
            clips.append(Clip(path, fake, f"person {person}", "studio", "swap" if fake else "none"))
    return Dataset(tuple(clips), ((clips[0].path, clips[1].path), (clips[2].path, clips[3].path)), ())


def test_pictures_that_nobody_forged_are_not_shown_as_forged(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[int] = []

    def train(videos: list[Moments], *_: object) -> Part:
        learned.append(sum(bool(np.any(one.kind == Kind.LABELLED)) for one in videos))
        part: Part = PlacesNetwork().eval()
        return part

    monkeypatch.setattr(texture, "train_part", train)
    dubbed = replace(dataset, clips=tuple(replace(c, method=OF_SOUND[0]) if c.fake else c for c in dataset.clips))
    for shown in (dataset, dubbed):
        TextureTraining(shown, group_folds(shown), QUICK[:1], tmp_path, jobs=1, say=lambda _: None).out_of_fold([0])
    assert learned == [1, 1, 0, 0]


def test_the_members_of_a_pair_are_given_the_same_route_and_nobody_else(dataset: Dataset) -> None:
    alone = replace(dataset, pairs=dataset.pairs[:1])
    assert texture._routes(dataset) == [0, 0, 2, 2]
    assert texture._routes(alone) == [0, 0, 2, 3]


@pytest.mark.timeout(600)
def test_from_videos_to_scores_and_to_the_file_that_is_served(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_REPORT_EVERY", 4)  # keeps what is unfinished, to be removed at the end
    said: list[str] = []
    training = TextureTraining(dataset, group_folds(dataset), QUICK, tmp_path, jobs=1, say=said.append)
    scores = training.out_of_fold([0])
    # The videos have fewer frames than moments are asked for: each frame ends one, but for the first few.
    assert all(6 <= len(clip) <= 12 for clip in scores.log_odds[0])
    assert all(np.isfinite(clip).all() for clip in scores.log_odds[0])
    assert set(scores.grid) == set(GRID)
    assert set(scores.sham) == set(SHAMS)
    fakes = [clip.fake for clip in dataset.clips]
    assert [len(clip) == 0 for clip in scores.sham[SHAMS[0]][0]] == fakes

    # What was done is not done again.
    def trained() -> int:
        return sum(sentence.startswith("Training the network's part") for sentence in said)

    assert trained() == 4  # two parts without each of two people
    again = training.out_of_fold([0])
    assert trained() == 4
    assert all(np.array_equal(*pair) for pair in zip(scores.log_odds[0], again.log_odds[0], strict=True))

    assert [path.suffix for path in (tmp_path / "networks").iterdir()] == [".pt"] * 4
    shipped, again_shipped = tmp_path / "network.onnx", tmp_path / "again" / "network.onnx"
    training.ship(shipped, 0)
    network = TextureNetwork(shipped, shipped.read_bytes())
    training.ship(again_shipped, 0)
    assert again_shipped.read_bytes() == shipped.read_bytes()
    assert trained() == 6
    moment = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, FRAMES), dtype=np.uint8)
    assert np.isfinite(network.score([moment]).log_odds).all()


def test_a_network_of_two_parts_is_served_as_one(tmp_path: Path) -> None:
    torch.manual_seed(0)
    learner = Learner([PlacesNetwork(), WholeNetwork()]).eval()
    with torch.no_grad():
        # As after training: weights that both parts have alike would be written once.
        for weights in learner.parameters():
            weights.mul_(1 + 0.01 * torch.randn_like(weights))
    path = tmp_path / "network.onnx"
    export(learner, path)
    assert path.stat().st_size < 5_000_000
    moments = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, FRAMES), dtype=np.uint8)
    served = TextureNetwork(path, path.read_bytes()).score(list(moments))
    with torch.inference_mode():
        wanted = learner(torch.from_numpy(moments).permute(0, 3, 1, 2).float()).numpy()
    np.testing.assert_allclose(served.log_odds, wanted, atol=0.1)
    assert served.places.shape == (3, 12, 12)
