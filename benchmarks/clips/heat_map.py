"""Whether the heat map shows what the score rests on: `python -m benchmarks.clips.heat_map folder [most]`.

For each clip of a folder of fakes (or so many of them, spread over it), the patches of a portrait that the shipped
network finds most suspicious are blurred, and likewise as many random ones of the face. If the map is faithful, the
score falls further in the first case.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips.folder import asked, clips_in
from services.face.networks.appearance_network import AppearanceNetwork
from services.face.networks.crops import SIDE
from services.face.networks.network_file import SHIPPED
from training.data.crops import middle, portraits

SHARE = 0.15
"""Of the patches that are blurred."""
_SIGMA = 6.0


def blurred(portrait: NDArray[np.uint8], patches: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A portrait with some of its (side, side) patches blurred."""
    mask = cv2.resize(patches.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST).astype(bool)
    return np.where(mask[..., np.newaxis], cv2.GaussianBlur(portrait, (0, 0), _SIGMA), portrait)


def falls(network: AppearanceNetwork, portrait: NDArray[np.uint8], rng: np.random.Generator) -> tuple[float, float]:
    """By how much the larger score falls without its hottest patches, and without random ones."""
    both = network.patches(portrait)
    which = int(both.mean(axis=(1, 2)).argmax())
    heat = both[which]
    count = round(SHARE * heat.size)
    hottest = heat >= np.sort(heat.ravel())[-count]
    chosen = np.zeros(heat.size, dtype=np.bool_)
    chosen[rng.permutation(heat.size)[:count]] = True
    without = (network.patches(blurred(portrait, one))[which].mean() for one in (hottest, chosen.reshape(heat.shape)))
    hot, chance = (float(heat.mean() - score) for score in without)
    return hot, chance


def main(folder: Path, most: int | None) -> int:
    """Print how far scores fall."""
    network = AppearanceNetwork(SHIPPED.appearance, SHIPPED.appearance.read_bytes(), SHIPPED.encoder.read_bytes())
    rng = np.random.default_rng(0)
    found = [
        falls(network, np.ascontiguousarray(middle(seen.pixels[0], SIDE)), rng)
        for seen in (portraits(clip, 1) for clip in clips_in(folder, most))
        if len(seen)
    ]
    if not found:
        print(f"There is no video with a face in {folder}.", file=sys.stderr)
        return 2
    hot, chance = np.array(found).T
    print(
        f"Log-odds fall by {hot.mean():.3f} without the hottest {SHARE:.0%} of the patches, and by {chance.mean():.3f}"
    )
    print(f"without as many random ones; further in {np.mean(hot > chance):.0%} of {len(found)} portraits.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*asked("heat_map")))
