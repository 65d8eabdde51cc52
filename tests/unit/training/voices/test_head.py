"""The head: what it learns, and that the exported network scores as it does."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from services.audio.voice.network import VoiceNetwork
from services.audio.voice.statistics import COUNT
from services.kit.networks.network_file import NetworkError
from tests.unit.training.voices.made import WIDTH, recording, small_weights, spoken
from training.voices import head as head_module
from training.voices.features import ExportedEncoder, Features, Kind
from training.voices.head import Head, Settings, fit_head
from training.voices.network import export, export_encoder
from training.voices.recordings import Recording

FEW = Settings(hidden=16, members=2, epochs=15, batch=32, rate=5e-3)


def problem(
    count: int = 80, *, features: int = 6, swapped: bool = False, distance: float = 3.0, seed: int = 0
) -> tuple[list[Recording], list[Features]]:
    """Recordings that differ in the first feature, whose scale is another one than that of the others."""
    rng = np.random.default_rng(seed)
    recordings = [recording(str(i), fake=(i % 2 == 1) ^ swapped, page=f"page {i % 5}") for i in range(count)]
    made = []
    for index in range(count):
        values = rng.standard_normal((4, features)).astype(np.float32)
        values[:, 0] = 50 + 10 * (values[:, 0] + distance * (index % 2))
        made.append(Features(values, np.array([Kind.PLAIN, Kind.RECODED, Kind.AUGMENTED, Kind.AUGMENTED], np.int64)))
    return recordings, made


def scores(head: Head, features: Sequence[Features]) -> NDArray[np.float64]:
    return np.array([head.score(one.of(Kind.PLAIN)).mean() for one in features])


def test_it_learns_what_can_be_told() -> None:
    head = fit_head(*problem(), FEW, 0)
    recordings, unseen = problem(seed=1)
    assert roc_auc_score([one.fake for one in recordings], scores(head, unseen)) > 0.95
    assert head.inner.shape == (6, 2 * 16)
    fake = np.array([one.fake for one in recordings])
    assert scores(head, unseen)[~fake].mean() < -0.5 < 0.5 < scores(head, unseen)[fake].mean()
    same, nothing = problem(distance=0, seed=1)
    assert (
        0.3 < roc_auc_score([one.fake for one in same], scores(fit_head(*problem(distance=0), FEW, 0), nothing)) < 0.7
    )


def test_with_the_labels_the_scores_change_sides() -> None:
    _, unseen = problem(seed=1)
    one, other = scores(fit_head(*problem(), FEW, 0), unseen), scores(fit_head(*problem(swapped=True), FEW, 0), unseen)
    assert np.corrcoef(one, other)[0, 1] < -0.9


def test_the_same_seed_gives_the_same_head_and_another_another() -> None:
    one, same, other = (fit_head(*problem(), FEW, seed) for seed in (3, 3, 4))
    assert one.inner.tobytes() == same.inner.tobytes()
    assert one.outer_bias == same.outer_bias
    assert one.inner.tobytes() != other.inner.tobytes()


def test_what_is_for_testing_is_not_learned_from() -> None:
    recordings, features = problem()
    spoiled = []
    for one in features:
        values = one.values.copy()
        values[one.kind == Kind.RECODED] = 1e6
        spoiled.append(Features(values, one.kind))
    assert (
        fit_head(recordings, spoiled, FEW, 0).inner.tobytes() == fit_head(recordings, features, FEW, 0).inner.tobytes()
    )


def test_a_class_too_few_is_refused() -> None:
    recordings, features = problem()
    with pytest.raises(ValueError, match="one class only"):
        fit_head([replace(one, fake=False) for one in recordings], features, FEW, 0)
    with pytest.raises(ValueError, match="one class only"):
        fit_head([], [], FEW, 0)
    nothing = [Features(np.empty((0, 6), np.float32), np.empty(0, np.int64))] * len(recordings)
    with pytest.raises(ValueError, match="one class only"):
        fit_head(recordings, nothing, FEW, 0)


def test_each_class_is_drawn_half_of_the_time_and_twins_as_often_as_is_said() -> None:
    recordings, features = problem()
    twin = Features(np.ones((1, 6), np.float32), np.array([Kind.VOCODED], np.int64))
    with_twins = [
        one
        if recording.fake
        else Features(np.concatenate([one.values, twin.values]), np.concatenate([one.kind, twin.kind]))
        for recording, one in zip(recordings, features, strict=True)
    ]
    rows, fake, chance = head_module._shown(recordings, with_twins, 0.1)
    twins = (rows == 1).all(axis=1)
    assert twins.sum() == 40
    assert fake[twins].all(), "real speech through a vocoder counts as synthesised"
    assert chance[~fake].sum() == pytest.approx(1)
    assert chance[fake & ~twins].sum() == pytest.approx(0.9)
    assert chance[twins].sum() == pytest.approx(0.1)
    _, fake, chance = head_module._shown(recordings, features, 0.1)
    assert chance[fake].sum() == pytest.approx(1)


def test_of_a_large_page_each_recording_is_drawn_less() -> None:
    recordings = [recording(page="large") for _ in range(64)] + [recording(page="small") for _ in range(4)]
    recordings += [recording(fake=True, page="large")]
    features = [Features(np.ones((2, 3), np.float32), np.full(2, Kind.PLAIN))] * len(recordings)
    _, _, chance = head_module._shown(recordings, features, 0.1)
    assert chance[128:136].sum() == pytest.approx(chance[:128].sum() / 4)


def test_members_are_averaged_and_the_scaling_is_in_the_weights() -> None:
    recordings, features = problem()
    both = fit_head(recordings, features, FEW, 0)
    shown = features[0].values
    halves = [
        Head(both.inner[:, part], both.inner_bias[part], 2 * both.outer[part], 0.0).score(shown)
        for part in (slice(16), slice(16, 32))
    ]
    np.testing.assert_allclose(both.score(shown), np.mean(halves, axis=0) + both.outer_bias, atol=1e-4)


# --- the exported network -------------------------------------------------------------------------------------------


def some_head(seed: int = 0) -> Head:
    rng = np.random.default_rng(seed)
    inner = (0.05 * rng.standard_normal((2 * WIDTH + COUNT, 32))).astype(np.float32)
    outer = (0.3 * rng.standard_normal(32)).astype(np.float32)
    return Head(inner, rng.standard_normal(32).astype(np.float32), outer, 0.25)


def test_the_exported_network_scores_as_the_head_does(tmp_path: Path) -> None:
    weights, head = small_weights(), some_head()
    export_encoder(weights, tmp_path / "encoder.onnx")
    export(weights, head, tmp_path / "voice.onnx")
    encoder, network = ExportedEncoder(tmp_path / "encoder.onnx"), VoiceNetwork(tmp_path / "voice.onnx")
    stretches = [
        spoken(seconds, pitch_hz=pitch, seed=seed)
        for seed, (seconds, pitch) in enumerate([(1, 90), (2, 150), (4, 240)])
    ]
    features = np.array([encoder(stretch) for stretch in stretches])
    assert features.shape == (3, 2 * WIDTH + COUNT)
    wanted = head.score(features)
    assert wanted.std() > 0.02
    np.testing.assert_allclose([network.log_odds(stretch) for stretch in stretches], wanted, atol=0.02)


def test_its_scores_do_not_depend_on_what_was_scored_before(tmp_path: Path) -> None:
    export(small_weights(), some_head(), tmp_path / "voice.onnx", blocks=1)
    used, fresh = VoiceNetwork(tmp_path / "voice.onnx"), VoiceNetwork(tmp_path / "voice.onnx")
    used.log_odds(spoken(4.0, machine=True))
    assert used.log_odds(spoken(2.0)) == fresh.log_odds(spoken(2.0))


def test_the_same_weights_give_the_same_file_and_others_another_version(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.onnx" for name in "abc"]
    for path, seed in zip(paths, (0, 0, 1), strict=True):
        export(small_weights(), some_head(seed), path, blocks=1)
    one, same, other = (VoiceNetwork(path).version for path in paths)
    assert one == same != other


def test_an_encoder_alone_is_no_voice_network(tmp_path: Path) -> None:
    export_encoder(small_weights(), tmp_path / "encoder.onnx", blocks=1)
    with pytest.raises(NetworkError, match="something else"):
        VoiceNetwork(tmp_path / "encoder.onnx")


def test_time_is_pooled_so_that_a_steady_sound_has_the_same_features_however_long(tmp_path: Path) -> None:
    export_encoder(small_weights(), tmp_path / "encoder.onnx", blocks=1)
    encoder = ExportedEncoder(tmp_path / "encoder.onnx")
    sound = spoken(2.0)
    found = encoder(sound)[: 2 * WIDTH]
    assert (found[WIDTH:] >= 0).all(), "deviations"
    assert found[WIDTH:].mean() > 0.05
    assert np.isfinite(found).all()
