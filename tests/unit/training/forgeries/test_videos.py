"""From a folder of real clips to forged ones on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import av
import pandas as pd
import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from tests.synthetic.videos import FaceVideo, make_face_video, syllables
from training.data.clips import Clip, ClipsError, Dataset, gather, gather_real
from training.forgeries.__main__ import forgeries
from training.forgeries.clip import METHODS, REENCODED
from training.forgeries.progress import with_forgeries
from training.forgeries.videos import Forged, _sources, forge

ANN = FaceVideo(seconds=0.8, fps=20, size=(256, 192), iod=45, sound=syllables, mouth=syllables)
BOB = FaceVideo(seconds=0.8, fps=20, size=(240, 192), iod=48, nod_px=(6, 3))
ALL = len(METHODS)


@dataclass(frozen=True)
class Made:
    real: Path
    clips: tuple[Clip, ...]
    forged: Forged
    dataset: Dataset


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All that can be made of Ann, who is heard, and Bob, who is not; and of a file that is no video."""
    folder = tmp_path_factory.mktemp("forged")
    real = folder / "my real"
    real.mkdir()
    make_face_video(real / "ann.mp4", ANN)
    make_face_video(real / "bob.mp4", BOB)
    (real / "broken.mp4").write_text("no video")
    clips = gather_real([str(real)]).clips
    # Known to be Ann, so that nobody depends on it.
    clips = tuple(Clip(one.path, False, "ann" if one.path.stem != "bob" else "bob") for one in clips)
    forged = forge(clips, folder / "out", forgeries=ALL)
    return Made(real, clips, forged, gather([str(real), str(forged.real)], [str(forged.fake)], forged.manifest))


def of_source(made: Made, name: str) -> list[Clip]:
    return [
        clip for clip in made.dataset.clips if clip.path.name.startswith(f"{name}.") and clip.subset == "synthesised"
    ]


def facts(path: Path) -> tuple[object, ...]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video=0))
        return video.width, video.height, video.average_rate, frames, len(container.streams.audio)


def test_the_index_is_read_like_any_other_manifest(made: Made) -> None:
    assert made.dataset.warnings == ()
    assert {clip.subset for clip in made.dataset.clips} == {"unknown", "synthesised"}
    table = pd.read_csv(made.forged.manifest, keep_default_na=False)
    assert list(table.columns) == ["file", "label", "group_id", "subset", "method", "source"]
    assert not table["file"].str.startswith("/").any()
    sources = set(table["source"]) - {""}
    assert {(made.forged.manifest.parent / source).resolve() for source in sources} == {
        made.real / "ann.mp4",
        made.real / "bob.mp4",
    }


def test_every_picture_method_is_used_and_one_of_the_sound(made: Made) -> None:
    picture = {"self-blended", "low-resolution", "lip-paste", "warp-flicker"}
    ann, bob = ({clip.method for clip in of_source(made, name) if clip.fake} for name in ("ann", "bob"))
    assert picture <= bob
    assert picture <= ann
    assert "face-swap" in ann | bob
    assert len(ann & {"re-dubbed", "vocoded"}) == 1
    assert not bob & {"re-dubbed", "vocoded"}


def test_what_was_changed_is_fake_and_what_was_not_is_real(made: Made) -> None:
    for name in ("ann", "bob"):
        for clip in of_source(made, name):
            assert clip.fake == (clip.method in METHODS)
            assert clip.fake or clip.method == REENCODED or clip.method.startswith("sham-")
        assert sum(clip.method.startswith("sham-") for clip in of_source(made, name)) == 1


def test_each_forgery_is_paired_with_the_clip_re_encoded(made: Made) -> None:
    fakes = [clip.path for clip in made.dataset.clips if clip.fake]
    assert sorted(fake for _, fake in made.dataset.pairs) == sorted(fakes)
    for real, fake in made.dataset.pairs:
        assert f".{REENCODED}." in real.name
        assert real.name.partition(".")[0] == fake.name.partition(".")[0]


@pytest.mark.parametrize(("name", "sounds"), [("ann", 1), ("bob", 0)])
def test_all_that_is_made_of_a_clip_went_the_same_way(made: Made, name: str, sounds: int) -> None:
    ways = {facts(clip.path) for clip in of_source(made, name)}
    assert len(ways) == 1
    assert ways.pop()[-1] == sounds


def test_whoever_may_lend_a_face_is_of_the_same_group(made: Made) -> None:
    assert len({clip.group for clip in made.dataset.clips}) == 1


def test_what_cannot_be_forged_is_told(made: Made) -> None:
    assert "not a video" in made.forged.refused[made.real / "broken.mp4"]
    assert not [clip for clip in made.dataset.clips if clip.path.name.startswith("broken.") and clip.fake]


def test_what_is_there_is_not_made_again_and_what_does_not_belong_there_goes(made: Made) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.forged.manifest.parent.rglob("*.mp4")}
    stale = made.forged.fake / "ann.face-swap.0123456789ab.mp4"
    stale.touch()
    again = forge(made.clips, stale.parents[1], forgeries=ALL)
    assert again.manifest == made.forged.manifest
    assert not stale.exists()
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_same_clips_give_the_same_bytes_under_other_names(tmp_path: Path) -> None:
    def bytes_of(name: str) -> list[bytes]:
        real = tmp_path / name
        real.mkdir()
        make_face_video(real / f"{name}.mp4", ANN)
        made = forge(gather_real([str(real)]).clips, tmp_path / f"{name} out", forgeries=2)
        return sorted(path.read_bytes() for path in made.fake.iterdir())

    assert bytes_of("one") == bytes_of("other")


def test_a_copy_under_another_name_is_nobody_else(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    for name in ("ann", "copy", "other"):
        (real / f"{name}.mp4").write_text("other" if name == "other" else "same")
    clips = gather_real([str(real)]).clips
    alone = [clip for clip in clips if clip.path.stem != "copy"]
    (sources, pool), (expected, _) = (_sources(some, 0, 3, 1.0) for some in (clips, alone))
    assert sources == expected
    assert len(set(pool.values())) == 1
    assert [donor.path.stem for donor in sources[0].donors] == ["other"]


def test_fakes_among_the_real_clips_or_nothing_to_forge_is_refused(made: Made, tmp_path: Path) -> None:
    clips = gather_real([str(made.real)]).clips
    with pytest.raises(ClipsError, match="Choose another"):
        forge(clips, made.real.parent)
    broken = [clip for clip in clips if clip.path.stem == "broken"]
    with pytest.raises(ClipsError, match="Nothing could be forged"):
        forge(broken, tmp_path)


def test_training_on_real_videos_alone_gets_fakes_shams_and_a_warning(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    make_face_video(real / "bob.mp4", BOB)
    said = StringIO()
    dataset = with_forgeries([str(real)], None, tmp_path / "out", Console(file=said), seed=0, jobs=1)
    assert [clip.path.name for clip in dataset.clips if clip.subset == "unknown"] == ["bob.mp4"]
    assert sum(clip.fake for clip in dataset.clips) == len(dataset.pairs) == 3
    assert any(clip.method.startswith("sham-") for clip in dataset.clips)
    assert "made from these real videos" in dataset.warnings[0]
    # Nobody said who Bob is, and a pool does not make it known.
    assert any("It is not known who appears" in warning for warning in dataset.warnings)


@pytest.fixture
def command() -> Callable[..., tuple[int, str]]:
    app = Typer()
    app.command()(forgeries)

    def run(*arguments: str) -> tuple[int, str]:
        outcome = CliRunner().invoke(app, arguments)
        return outcome.exit_code, outcome.output

    return run


def test_a_mistake_is_answered_with_a_sentence(command: Callable[..., tuple[int, str]]) -> None:
    code, output = command("--real", "nowhere")
    assert code == 2
    assert "There is no folder nowhere." in output
    assert "Traceback" not in output
