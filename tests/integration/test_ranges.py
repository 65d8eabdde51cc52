"""Of a long video in a bucket the face service reads what its windows need, and no more."""

import subprocess
from pathlib import Path

import pytest

from client import NotReally
from services.kit.media.store import media_key
from tests.integration.stack import Stack
from tests.servers.s3 import S3
from tests.synthetic.fixtures import MakeFaceVideo
from tests.synthetic.videos import FaceVideo, syllables

SCENE = FaceVideo(
    seconds=4.0,
    fps=15,
    size=(1920, 1080),
    iod=220.0,
    blinks=(2.0,),
    mouth=syllables,
    sound=syllables,
    nod_px=(2.0, 5.0),
    noise=3.0,
    crf=30,
)
REPEATED = 150


@pytest.fixture
def film(face_video: MakeFaceVideo, tmp_path: Path) -> Path:
    """Ten minutes of 1080p with sound."""
    path = tmp_path / "film.mp4"
    scene = face_video(SCENE)
    loop = ["-stream_loop", str(REPEATED - 1), "-i", str(scene), "-c", "copy", "-movflags", "+faststart", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *loop], check=True)
    return path


@pytest.mark.parametrize("stack", ["cluster_stack"], indirect=True)
async def test_a_quarter_of_a_long_film_is_more_than_is_read(
    stack: Stack, client: NotReally, s3: S3, film: Path
) -> None:
    upload = await client.upload(film)
    created = await client.create_analysis(upload.name)
    texts = {lane.text async for event in client.watch([created.name]) for lane in event.modalities}
    result = (await client.result(created.name)).result
    assert result.metadata.duration_s == pytest.approx(600, abs=5)
    assert (result.metadata.video.width, result.metadata.video.height) == (1920, 1080)
    assert result.quality.frames_analyzed == pytest.approx(600, abs=30)
    assert texts, "nobody was told how far it was"

    answers = s3.answers_to(media_key(upload.sha256))
    # The other services copy the file, whole: only the face service asks for ranges.
    ranged = [answer["sent"] for answer in answers if answer["range"]]
    share = sum(ranged) / upload.size_bytes
    assert 0.01 < share <= 0.25
