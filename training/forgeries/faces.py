"""The face in a footage, cut out of each picture to be changed and pasted back.

Forgeries are not built with the landmarks they are later measured by: these are smoothed over time, and moved by a
constant and a wandering error of about a hundredth of the face. So the seam of a forgery does not lie exactly on the
measured landmarks, and its movement is not simply what is measured as jitter.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from services.face.networks.crops import crop_view
from services.face.pixels.pictures import View
from training.data.crops import WIDE_MARGIN
from training.forgeries.appearance import Pixels
from training.forgeries.blending import Layer, Points, Share
from training.forgeries.footage import Footage, upright_rgb

# Larger than in the picture, so that cutting and pasting back costs no sharpness.
_FINER = 1.25
_LARGEST, _SMALLEST = 512, 96
_SMOOTH_S = 0.05
_CONSTANT_ERROR, _WANDERING_ERROR, _WANDERING_S = 0.006, 0.004, 0.4
# Moving by more than this share of the face from one picture to the next is a cut.
_JUMP = 0.25


@dataclass(frozen=True)
class Faces:
    """A face through a footage.

    Attributes:
        footage: whose face.
        points: (n, 468, 2) landmarks to build with, pixels of the upright picture; NaN where there is no face.
        side: pixels along each side of a cut.
    """

    footage: Footage
    points: NDArray[np.float64]
    side: int

    def seen(self, index: int) -> bool:
        """Whether there is a face in a picture."""
        return bool(np.isfinite(self.points[index, 0, 0]))

    def view(self, index: int) -> View:
        """From the coordinates of the cut to those of the picture."""
        return crop_view(self.points[index], self.side, WIDE_MARGIN)

    def cut(self, index: int, whole: Pixels | None = None) -> tuple[Pixels, Points]:
        """The face in a picture and its landmarks in pixels of the cut."""
        whole = upright_rgb(self.footage.pictures[index]) if whole is None else whole
        view = self.view(index)
        pixels = cv2.warpAffine(
            whole,
            _centred(view),
            (self.side, self.side),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        points = (self.points[index] - view[:, 2]) @ np.linalg.inv(view[:, :2]).T
        return np.asarray(pixels, dtype=np.uint8), points.astype(np.float32)

    def put_back(self, layer: Layer, index: int, there: Pixels) -> Pixels:
        """`there`, a whole picture, with a layer of the cut over it."""
        view = self.view(index)
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * self.side @ view[:, :2].T + view[:, 2]
        height, width = there.shape[:2]
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, (width, height)).astype(int)
        if right <= left or bottom <= top:
            return there
        shifted = view.copy()
        shifted[:, 2] -= (left, top)
        matrix, size = _centred(shifted), (int(right - left), int(bottom - top))
        put_in, share = (
            cv2.warpAffine(one, matrix, size, flags=how, borderMode=border)
            for one, how, border in (
                (layer[0], cv2.INTER_CUBIC, cv2.BORDER_REPLICATE),
                (_open_edge(layer[1]), cv2.INTER_LINEAR, cv2.BORDER_CONSTANT),
            )
        )
        done = there.copy()
        place = (slice(top, bottom), slice(left, right))
        mixed = put_in * share[..., np.newaxis] + there[place] * (1 - share[..., np.newaxis])
        done[place] = np.round(mixed).astype(np.uint8)
        return done


def faces_of(footage: Footage, rng: np.random.Generator) -> Faces:
    """The face of a footage with the landmarks to build on."""
    side = round(_FINER * WIDE_MARGIN * footage.face_px)
    return Faces(footage, building_points(footage, rng), min(max(side, _SMALLEST), _LARGEST))


def building_points(footage: Footage, rng: np.random.Generator) -> NDArray[np.float64]:
    """Landmarks (n, 468, 2) that differ from the measured ones: smoother, and with errors of their own."""
    points = footage.points.copy()
    for run in _runs(points, footage.face_px):
        points[run] = gaussian_filter1d(points[run], _SMOOTH_S * footage.fps, axis=0, mode="nearest")
    constant = rng.normal(0, _CONSTANT_ERROR, points.shape[1:])
    wandering = _WANDERING_ERROR * wander(len(points), (2,), _WANDERING_S * footage.fps, rng)
    moved: NDArray[np.float64] = points + footage.face_px * (constant + wandering[:, np.newaxis])
    return moved


def wander(count: int, shape: tuple[int, ...], frames: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise (count, *shape) of unit variance whose correlation falls to 1/e within `frames`: an AR(1) process."""
    kept = float(np.exp(-1 / max(frames, 1e-3)))
    fresh = rng.normal(0, 1, (count, *shape))
    walk = np.empty_like(fresh)
    walk[0] = fresh[0]
    for index in range(1, count):
        walk[index] = kept * walk[index - 1] + np.sqrt(1 - kept**2) * fresh[index]
    return walk


def _runs(points: NDArray[np.float64], face_px: float) -> list[NDArray[np.intp]]:
    """Successive pictures with the face and without a cut, at least two together."""
    seen = np.flatnonzero(np.isfinite(points[:, 0, 0]))
    moved = np.linalg.norm(np.diff(points[seen].mean(axis=1), axis=0), axis=1)
    breaks = np.flatnonzero((np.diff(seen) > 1) | (moved > _JUMP * face_px)) + 1
    return [run for run in np.split(seen, breaks) if len(run) > 1]


def _centred(view: View) -> View:
    """The same map for OpenCV, which puts the origin at the centre of the first pixel."""
    return np.column_stack([view[:, :2], view[:, 2] + view[:, :2] @ np.full(2, 0.5) - 0.5])


def _open_edge(share: Share) -> NDArray[np.float32]:
    """A mask that fades out before the edge of the cut, so that the cut itself cannot be seen."""
    side = len(share)
    ramp = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.06 * side), 0, 1)
    return np.asarray(share * np.minimum(ramp[:, np.newaxis], ramp), dtype=np.float32)
