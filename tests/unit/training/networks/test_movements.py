"""How faces move in the videos to train on."""

from pathlib import Path

import numpy as np

from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo
from training.forgeries.reencoding import Augmentation
from training.networks.movements import measure, measure_all, measure_recompressed


def test_movements_of_a_video_are_measured_once(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    path = face_video(FaceVideo(seconds=4.5, fps=25, size=(320, 240), iod=60))
    (first,) = measure_all([path], tmp_path, jobs=1)
    assert len(first) == 3  # they begin a second apart, and last two
    np.testing.assert_allclose(first.conditions, [[25.0, 60.0]] * 3, rtol=0.05)
    (kept,) = tmp_path.iterdir()
    before = kept.stat().st_mtime_ns
    (again,) = measure_all([path], tmp_path, jobs=1)
    np.testing.assert_array_equal(again.values, first.values)
    assert kept.stat().st_mtime_ns == before


def test_a_video_is_measured_again_after_re_compression(face_video: MakeFaceVideo, tmp_path: Path) -> None:
    path = face_video(FaceVideo(seconds=4.5, fps=25, size=(320, 240), iod=60))
    plain, same, half = (
        measure(path),
        measure_recompressed(path, Augmentation(crf=5)),
        measure_recompressed(path, Augmentation(0.5, crf=20)),
    )
    assert len(plain) == len(same) == len(half)
    np.testing.assert_allclose(same.conditions, plain.conditions, rtol=0.02)
    np.testing.assert_allclose(half.conditions, plain.conditions * [1.0, 0.5], rtol=0.05)
    alike = [np.corrcoef(one.values.ravel(), plain.values.ravel())[0, 1] for one in (same, half)]
    assert all(0.7 < one < 1 for one in alike)
    kept = [
        measure_all([path], tmp_path, jobs=1, augmentation=augmentation)[0]
        for augmentation in (None, Augmentation(crf=5))
    ]
    assert len(list(tmp_path.iterdir())) == 2
    np.testing.assert_array_equal(kept[1].values, same.values)


def test_too_few_frames_a_second_and_what_is_no_video_have_no_movements(
    face_video: MakeFaceVideo, tmp_path: Path
) -> None:
    assert len(measure(face_video(FaceVideo(seconds=4.0, fps=15, size=(320, 240), iod=60)))) == 0
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    assert len(measure(text)) == len(measure_recompressed(text, Augmentation(crf=30))) == 0
