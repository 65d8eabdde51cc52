"""What is known of a recording: which stretches of it, in which kinds, computed once."""

from pathlib import Path

import av
import numpy as np
import pytest

from services.audio.voice.statistics import COUNT
from tests.unit.training.voices.made import WIDTH, recording, small_weights, spoken, write_wav
from training.voices import features
from training.voices.augmentation import LEVEL, SAMPLE_RATE_HZ, Sound, at_level, draw_encoding, encoded
from training.voices.features import Features, Kind, codec_of, cut, make_features, read_sound, stretches_of
from training.voices.network import export_encoder
from training.voices.recordings import Recording


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder") / "encoder.onnx"
    export_encoder(small_weights(), path, blocks=1)
    return path


def at(path: Path, *, fake: bool = False, track: bool = False) -> Recording:
    return Recording(path, fake, "tts" if fake else "real", "machine" if fake else "", "Ann", "page", track)


def made(*recordings: Recording, encoder: Path, cache: Path, seed: int = 0) -> list[Features]:
    return make_features(recordings, encoder, cache, seed=seed, jobs=1)


def kinds(sound: Sound, fake: bool) -> list[Kind]:
    return [kind for kind, _ in stretches_of(sound, fake, np.random.default_rng(0))]


def test_both_classes_are_treated_alike_but_for_the_vocoded_twin() -> None:
    sound = spoken(2.5)
    real, fake = kinds(sound, fake=False), kinds(sound, fake=True)
    assert fake == [Kind.PLAIN, Kind.RECODED, *[Kind.AUGMENTED] * 3]
    assert real == [*fake, Kind.VOCODED]
    of_real, of_fake = (stretches_of(sound, label, np.random.default_rng(5)) for label in (False, True))
    for (_, one), (_, other) in zip(of_real[: len(of_fake)], of_fake, strict=True):
        assert one.tobytes() == other.tobytes()


def test_it_is_cut_as_the_service_cuts_a_window() -> None:
    lengths = [len(piece) / SAMPLE_RATE_HZ for piece in cut(np.zeros(4 * SAMPLE_RATE_HZ, np.float32))]
    assert lengths == [2, 2, 2]
    assert cut(np.zeros(SAMPLE_RATE_HZ - 1, np.float32)) == []


def test_the_codec_is_the_one_that_is_told() -> None:
    sound = spoken(2.0)
    names = set()
    for number in range(6):
        rng = features._draws(number, 3)
        (recoded,) = [
            one for kind, one in stretches_of(sound, True, features._draws(number, 3)) if kind == Kind.RECODED
        ]
        encoding = draw_encoding(rng)
        assert encoding.codec.name == codec_of(number, 3)
        again = encoded(at_level(sound, LEVEL), encoding)
        assert recoded.tobytes() == cut(again)[0].tobytes()
        names.add(encoding.codec.name)
    assert len(names) > 1


def test_features_are_the_encoders_and_the_statistics(encoder: Path, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", spoken(2.5))
    (found,) = made(at(path), encoder=encoder, cache=tmp_path / "cache")
    assert found.values.shape == (6, 2 * WIDTH + COUNT)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert found.kind.tolist() == kinds(spoken(2.5), fake=False)
    assert len(found.of(Kind.AUGMENTED)) == 3


def test_they_are_computed_once_and_for_each_seed_and_place_anew(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write_wav(tmp_path / f"{name}.wav", spoken(2.5, seed=seed)) for seed, name in enumerate("ab")]
    one, other = at(paths[0]), at(paths[1], fake=True)
    first = made(one, other, encoder=encoder, cache=tmp_path / "cache")
    swapped = made(other, one, encoder=encoder, cache=tmp_path / "cache")
    elsewhere = made(other, one, encoder=encoder, cache=tmp_path / "another")
    for cached, fresh in zip(swapped, elsewhere, strict=True):
        assert cached.values.tobytes() == fresh.values.tobytes(), "the codec follows from the place: see codec_of"
    seeded = made(one, other, encoder=encoder, cache=tmp_path / "cache", seed=1)
    assert seeded[0].of(Kind.AUGMENTED).tobytes() != first[0].of(Kind.AUGMENTED).tobytes()
    assert seeded[0].of(Kind.PLAIN).tobytes() == first[0].of(Kind.PLAIN).tobytes()
    monkeypatch.setattr(features, "in_processes", lambda _, tasks, __: pytest.fail("made again") if tasks else None)
    again = made(one, other, encoder=encoder, cache=tmp_path / "cache")
    assert [found.values.tobytes() for found in again] == [found.values.tobytes() for found in first]


def test_of_what_cannot_be_read_or_is_too_short_there_is_nothing(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    short = write_wav(tmp_path / "short.wav", spoken(0.9))
    recordings = [at(tmp_path / "broken.wav"), at(short), at(_silent_film(tmp_path / "film.mp4"), track=True)]
    found = made(*recordings, encoder=encoder, cache=tmp_path / "cache")
    assert [len(one.values) for one in found] == [0, 0, 0]
    assert [len(one.of(Kind.PLAIN)) for one in found] == [0, 0, 0]


def _silent_film(path: Path) -> Path:
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    return path


def test_four_seconds_are_read_from_the_beginning(tmp_path: Path) -> None:
    sound = spoken(6.0)
    path = write_wav(tmp_path / "a.wav", sound)
    found = read_sound(at(path))
    assert len(found) == 4 * SAMPLE_RATE_HZ
    np.testing.assert_allclose(found, sound[: len(found)], atol=1e-3)
    assert read_sound(recording("missing")).size == 0


def test_of_a_video_they_are_read_where_there_is_voice_first(tmp_path: Path) -> None:
    hiss = 1e-3 * np.random.default_rng(0).standard_normal(round(5 * SAMPLE_RATE_HZ)).astype(np.float32)
    path = write_wav(tmp_path / "a.wav", np.concatenate([hiss, spoken(6.0), hiss]))
    assert np.abs(read_sound(at(path))).max() < 0.01
    found = read_sound(at(path, track=True))
    assert len(found) == 4 * SAMPLE_RATE_HZ
    assert np.abs(found[-2 * SAMPLE_RATE_HZ :]).max() > 0.1
    quiet = write_wav(tmp_path / "quiet.wav", hiss)
    nothing = write_wav(tmp_path / "nothing.wav", np.zeros(0, np.float32))
    short = write_wav(tmp_path / "short.wav", spoken(0.5))
    for one in (quiet, nothing, short):
        assert read_sound(at(one, track=True)).size == 0
