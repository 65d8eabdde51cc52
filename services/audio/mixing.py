"""All channels of a sound as one: what is measured is what somebody hears who listens to all loudspeakers. Pure.

ffmpeg's own mix is not used: its option has another name in other versions and is passed over where it is not known, it
leaves out channels that it has no place for, and it lets channels of opposite phase cancel each other out.
"""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from services.audio.signals import Channels, Samples

_CANCELLED = 0.5
"""Share of the loudest channel's power below which a sum has lost more than it has gained.

Channels that have nothing to do with each other add up to more than one of them, and beside silence to one: less comes
of opposite phases alone.
"""


class Heard(Enum):
    """What the samples are made of."""

    ALL = auto()
    """All channels, added up; also of a sound that has only one."""

    LOUDEST = auto()
    """The loudest channel alone: added up, they cancel each other out."""


@dataclass(frozen=True)
class Mix:
    """Samples of shape (n,), and what they are made of."""

    samples: Samples
    heard: Heard


def mixed(channels: Channels) -> Mix:
    """The sum of all channels, or the loudest of them where they cancel each other out; as loud as the loudest of them.

    So a voice gives the same samples whether it is in one channel of many or in all of them, and two equal channels
    give exactly one of them.

    Args:
        channels: Shape (n, k), finite.
    """
    sounding = np.flatnonzero(channels.any(axis=0))
    if sounding.size <= 1:
        return Mix(channels[:, sounding[0] if sounding.size else 0].copy(), Heard.ALL)
    powers = [_power(channels[:, channel]) for channel in sounding]
    loudest = int(np.argmax(powers))
    total = channels[:, sounding].sum(axis=1)
    power = _power(total)
    if power < _CANCELLED * powers[loudest]:
        return Mix(channels[:, sounding[loudest]].copy(), Heard.LOUDEST)
    return Mix(total * np.float32(np.sqrt(powers[loudest] / power)), Heard.ALL)


def _power(samples: Samples) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2))
