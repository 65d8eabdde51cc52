"""The motion network: learns from how the parts of a face move who is forged, on people kept apart.

The numbers of `services.face.movement` are few, and so are people: a perceptron of one small layer, five of which are
averaged. First what the frame rate and the size of the face make of them in real videos is taken off, by least squares
on the real videos that are learned from: fakes of a data set often share both, and would be known by them.

Needs PyTorch, which nothing but training does.
"""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from torch import nn

from gateway.features import LEAST_FPS
from services.face import signals
from services.face.decoding import timed_pictures
from services.face.models import borrowed_models
from services.face.movement import VALUES, movements
from services.face.tracking import FaceTracker, Track
from services.face.windows import FaceJob, Window
from services.kit.errors import Refusal
from training.crops import LOOKED_AT_S, length_and_stride

_OPSET = 17
_TOLERANCE = 1e-3  # log-odds
_LAYOUT = 3  # raised when other movements are measured
_MOST_FRAMES = 10_000
_MEMBERS, _HIDDEN = 5, 32
_INPUT_DROPOUT, _DROPOUT = 0.3, 0.3
_RATE, _DECAY, _BATCH = 2e-3, 1.0, 128
_SMOOTHING = 0.05
# Outside of these, frame rates are so rare that nothing is known of them.
_FRAME_RATES = (20.0, 31.0)
_USUAL_RATE = 25.0
_RIDGE = 0.1
# Values are squashed to so many standard deviations of real videos.
_MOST_DEVIATIONS = 2.0


@dataclass(frozen=True)
class Movements:
    """Of the largest face of one video, k spans.

    Attributes:
        values: (k, VALUES), see `services.face.movement.Movement`.
        conditions: (k, 2), frames a second and inter-ocular distance in pixels.
    """

    values: NDArray[np.float32]
    conditions: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of spans."""
        return len(self.values)


def measure_all(paths: Sequence[Path], cache: Path, *, jobs: int) -> list[Movements]:
    """Movements in every video, in order; measured once and kept in `cache` by content."""
    cache.mkdir(parents=True, exist_ok=True)
    return list(Parallel(n_jobs=jobs, return_as="generator")(delayed(_measured_once)(path, cache) for path in paths))


def measure(path: Path) -> Movements:
    """Movements of the face that is seen longest and largest; none where no face is followed, or too few frames."""
    _, stride = length_and_stride(path)
    job = FaceJob((Window(0, 0.0, LOOKED_AT_S),), max_frames=_MOST_FRAMES, frame_stride=stride)
    times: list[float] = []
    with borrowed_models() as models:
        tracker = FaceTracker(models, max_faces=4)
        try:
            for one in timed_pictures(path, job, lambda: False):
                if one.picture is not None:
                    tracker.step(len(times), one.time_s, one.picture)
                    times.append(one.time_s)
        except Refusal:
            pass
    track = max((one for one in tracker.tracks if one.frames), key=_seen, default=None)
    spans = []
    if track is not None:
        spans = movements(np.stack(track.points), np.array(times)[track.frames], np.array(track.segments))
    spans = [span for span in spans if span.fps >= LEAST_FPS * 0.99]
    return Movements(
        np.array([span.values for span in spans], np.float32).reshape(-1, VALUES),
        np.array([(span.fps, span.iod_px) for span in spans], np.float32).reshape(-1, 2),
    )


def _seen(track: Track) -> float:
    return float(signals.interocular_distance(np.stack(track.points)).sum())


def _measured_once(path: Path, cache: Path) -> Movements:
    with path.open("rb") as file:
        kept = cache / f"{hashlib.file_digest(file, 'sha256').hexdigest()}-{_LAYOUT}.npz"
    if not kept.exists():
        found = measure(path)
        fresh = kept.with_suffix(".new.npz")
        np.savez(fresh, values=found.values, conditions=found.conditions)
        fresh.replace(kept)
    with np.load(kept) as found:
        return Movements(found["values"], found["conditions"])


class MotionNetwork(nn.Module):
    """(n, VALUES) and (n, 2), as in `Movements` → (n,) log-odds of being forged."""

    def __init__(self) -> None:
        """Untrained."""
        super().__init__()
        self.register_buffer("usual", torch.zeros(4))
        self.register_buffer("spread", torch.ones(4))
        self.register_buffer("expected", torch.zeros(5, VALUES))
        self.register_buffer("scale", torch.ones(VALUES))
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(_INPUT_DROPOUT),
                nn.Linear(VALUES, _HIDDEN),
                nn.SiLU(),
                nn.Dropout(_DROPOUT),
                nn.Linear(_HIDDEN, 1),
            )
            for _ in range(_MEMBERS)
        )

    def adapt(self, values: torch.Tensor, conditions: torch.Tensor, weights: torch.Tensor) -> None:
        """Learn of real videos what conditions make of the values, and how far those are spread beyond that."""
        terms = _terms(conditions)
        self.usual, self.spread = terms.mean(dim=0), terms.std(dim=0) + 1e-6
        design = self._design(conditions)
        weighted = weights[:, None] * design
        normal = (design.T @ weighted).double() + _RIDGE * torch.eye(design.shape[1]).double()
        self.expected = torch.linalg.solve(normal, (weighted.T @ values).double()).float()
        beyond = values - design @ self.expected
        self.scale = torch.sqrt((weights[:, None] * beyond**2).sum(dim=0) / weights.sum()) + 1e-6

    def seen(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Values beyond what is expected, in standard deviations of real videos, squashed; (n, VALUES)."""
        beyond = (values - self._design(conditions) @ self.expected) / self.scale
        return _MOST_DEVIATIONS * torch.tanh(beyond / _MOST_DEVIATIONS)

    def forward(self, values: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        """Log-odds: the mean of the members'."""
        seen = self.seen(values, conditions)
        return torch.stack([member(seen).squeeze(1) for member in self.members]).mean(dim=0)

    def _design(self, conditions: torch.Tensor) -> torch.Tensor:
        terms = (_terms(conditions) - self.usual) / self.spread
        return torch.cat([torch.ones_like(terms[:, :1]), terms], dim=1)


def _terms(conditions: torch.Tensor) -> torch.Tensor:
    rate, size = conditions[:, 0].clamp(*_FRAME_RATES), conditions[:, 1].clamp(min=1.0).log()
    return torch.stack([rate, size, size**2, (rate - _USUAL_RATE) ** 2], dim=1)


def train(videos: Sequence[Movements], fake: Sequence[bool], *, epochs: int, seed: int) -> MotionNetwork:
    """Learn from some videos; each weighs the same in its class, and both classes weigh half.

    Args:
        videos: what was measured in each; of some, nothing.
        fake: whether each is.
        epochs: times that every span is shown.
        seed: makes training reproducible on the same machine.

    Where no real, or no fake, video has a span, the network says 0 of everything.
    """
    torch.manual_seed(seed)
    network = MotionNetwork()
    shown = [(one, label) for one, label in zip(videos, fake, strict=True) if len(one)]
    if len({label for _, label in shown}) < 2:
        for member in network.members:
            nn.init.zeros_(member[-1].weight)
            nn.init.zeros_(member[-1].bias)
        network.eval()
        return network
    values, conditions = (
        torch.from_numpy(np.concatenate(parts))
        for parts in zip(*((m.values, m.conditions) for m, _ in shown), strict=True)
    )
    label = torch.cat([torch.full((len(one),), float(is_fake)) for one, is_fake in shown])
    weight = torch.cat([torch.full((len(one),), 1 / len(one)) for one, _ in shown])
    real = label == 0
    network.adapt(values[real], conditions[real], weight[real])
    weight = torch.where(real, weight / weight[real].sum(), weight / weight[~real].sum())
    weight = weight / weight.mean()
    seen, target = network.seen(values, conditions), label * (1 - 2 * _SMOOTHING) + _SMOOTHING
    for member in network.members:
        optimizer = torch.optim.AdamW(member.parameters(), lr=_RATE, weight_decay=_DECAY)
        for _ in range(epochs):
            for chosen in torch.randperm(len(seen)).split(_BATCH):
                loss = nn.functional.binary_cross_entropy_with_logits(
                    member(seen[chosen]).squeeze(1), target[chosen], weight=weight[chosen]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    network.eval()
    return network


def score(network: MotionNetwork, video: Movements) -> NDArray[np.float64]:
    """Log-odds of each span; (k,)."""
    with torch.inference_mode():
        found = network(torch.from_numpy(video.values), torch.from_numpy(video.conditions))
    return np.asarray(found.numpy(), dtype=np.float64)


def ship(videos: Sequence[Movements], fake: Sequence[bool], path: Path, *, epochs: int, seed: int) -> None:
    """Learn from everybody and write the network as the ONNX file that the face service loads.

    Raises:
        ValueError: the written network scores differently.
    """
    network = train(videos, fake, epochs=epochs, seed=seed)
    sample = _sample()
    shown = torch.from_numpy(sample.values), torch.from_numpy(sample.conditions)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with warnings.catch_warnings():
        # The exporter that has followed this one needs two packages more, and gives the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            shown,
            str(fresh),
            input_names=["values", "conditions"],
            output_names=["log_odds"],
            dynamic_axes={name: {0: "n"} for name in ("values", "conditions", "log_odds")},
            opset_version=_OPSET,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(fresh.read_bytes(), providers=["CPUExecutionProvider"])
    (written,) = session.run(["log_odds"], {"values": sample.values, "conditions": sample.conditions})
    if not np.allclose(written, score(network, sample), atol=_TOLERANCE):
        fresh.unlink()
        raise ValueError("the exported motion network scores otherwise than the trained one")
    fresh.replace(path)


def _sample() -> Movements:
    rng = np.random.default_rng(0)
    conditions = np.column_stack([rng.uniform(20, 30, 3), rng.uniform(40, 200, 3)])
    return Movements(rng.normal(size=(3, VALUES)).astype(np.float32), conditions.astype(np.float32))


def out_of_fold(
    videos: Sequence[Movements], fake: Sequence[bool], fold: NDArray[np.intp], *, epochs: int, seed: int
) -> tuple[NDArray[np.float64], ...]:
    """For each video the log-odds of its spans, by a network that has not seen its people; (spans,) each."""
    found: list[NDArray[np.float64]] = [np.empty(0)] * len(videos)
    for number in np.unique(fold):
        others = np.flatnonzero(fold != number).tolist()
        network = train([videos[i] for i in others], [fake[i] for i in others], epochs=epochs, seed=seed)
        for place in np.flatnonzero(fold == number).tolist():
            found[place] = score(network, videos[place])
    return tuple(found)
