"""High dynamic range brought to the range of an ordinary screen, as a phone does when it saves an ordinary copy.

ffmpeg's own conversion looks each colour up in a cube: three seconds to fill it, and thirty milliseconds a frame of
720p. Here lightness goes through one curve and chroma is scaled by its slope, which is the same to first order about
grey; skin comes out within a few steps of 8 bits.
"""

from functools import cache

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""ITU-T H.273 transfer characteristics of HDR: SMPTE ST 2084, and ARIB STD-B67 of ITU-R BT.2100."""

_FORMAT = "yuv420p10le"
_STEPS = 1 << 10
_BLACK, _RANGE, _GREY, _CHROMA_RANGE = 64, 876, 512, 896  # ten bits, limited range
# ITU-R BT.2408: what is white on paper, in candela per square metre, and the peak of HLG's nominal screen.
_WHITE, _HLG_PEAK = 203.0, 1000.0
_GAMMA = 2.4  # ITU-R BT.1886
# Highlights beyond this share of the ordinary range are pressed together rather than cut off.
_KNEE = 0.85
# From (Cb, Cr) of ITU-R BT.2020 to those of BT.709, about grey: the primaries lie further apart there.
_LUMA_2020, _LUMA_709 = np.array([0.2627, 0.6780, 0.0593]), np.array([0.2126, 0.7152, 0.0722])
_PRIMARIES = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]


def is_hdr(transfer: int) -> bool:
    """Whether a transfer characteristic is one of HDR."""
    return transfer in (PQ, HLG)


def ordinary(frame: VideoFrame) -> tuple[Bytes, Bytes, Bytes]:
    """Luma and both chroma planes of an HDR frame in eight bits of BT.709, limited range."""
    transfer = int(frame.color_trc)
    lightness, slope = _curves(transfer)
    luma, blue, red = (_plane(plane) for plane in frame.reformat(format=_FORMAT, dst_color_range="MPEG").planes[:3])
    # Chroma is kept for every other pixel of every other row.
    scale = slope[luma[: 2 * blue.shape[0] : 2, : 2 * blue.shape[1] : 2]]
    cb, cr = (plane[: scale.shape[0], : scale.shape[1]].astype(np.float32) - _GREY for plane in (blue, red))
    mix = _chroma_mix().astype(np.float32)
    return (
        lightness[luma],
        _eight_bits(scale * (mix[0, 0] * cb + mix[0, 1] * cr)),
        _eight_bits(scale * (mix[1, 0] * cb + mix[1, 1] * cr)),
    )


def shown_on_a_screen(signal: Floats, transfer: int) -> Floats:
    """The signal (0 to 1) of an ordinary screen for one of HDR."""
    light = _pq_light(signal) if transfer == PQ else _hlg_light(signal)
    exact = np.power(light / _WHITE, 1 / _GAMMA)
    beyond = np.maximum(exact - _KNEE, 0) / (1 - _KNEE)
    return np.where(exact <= _KNEE, exact, _KNEE + (1 - _KNEE) * (1 - np.exp(-beyond)))


def _pq_light(signal: Floats) -> Floats:
    """SMPTE ST 2084: candela per square metre."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = np.power(np.clip(signal, 0, 1), 1 / m2)
    return 10_000 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1)


def _hlg_light(signal: Floats) -> Floats:
    """ITU-R BT.2100: light of the scene, and what its nominal screen makes of it."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    known = np.clip(signal, 0, 1)
    scene = np.where(known <= 0.5, known**2 / 3, (np.exp((known - c) / a) + b) / 12)
    return _HLG_PEAK * np.power(scene, 1.2)


@cache
def _curves(transfer: int) -> tuple[Bytes, NDArray[np.float32]]:
    """Of each step of ten bits: lightness in eight bits, and by how much chroma is scaled on the way to eight bits."""
    signal = (np.arange(_STEPS) - _BLACK) / _RANGE
    shown = shown_on_a_screen(signal, transfer)
    slope = np.gradient(shown_on_a_screen(np.clip(signal, 0.02, 1), transfer), 1 / _RANGE)
    return (
        np.clip(np.rint(16 + 219 * shown), 0, 255).astype(np.uint8),
        (np.clip(slope, 0.0, 4.0) * 224 / _CHROMA_RANGE).astype(np.float32),
    )


@cache
def _chroma_mix() -> Floats:
    """(2, 2) from (Cb, Cr) of BT.2020 to those of BT.709 where lightness stays as it is."""
    red, green, blue = _LUMA_2020
    to_rgb = np.array(
        [
            [0, 2 * (1 - red)],
            [-2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [2 * (1 - blue), 0],
        ]
    )
    rgb = _PRIMARIES @ to_rgb
    luma = _LUMA_709 @ rgb
    mix: Floats = np.stack([(rgb[2] - luma) / (2 * (1 - _LUMA_709[2])), (rgb[0] - luma) / (2 * (1 - _LUMA_709[0]))])
    return mix


def _plane(plane: VideoPlane) -> NDArray[np.uint16]:
    rows = np.frombuffer(memoryview(plane), np.uint16, count=plane.line_size // 2 * plane.height)
    # What is beyond ten bits is no step of the curve.
    return np.minimum(rows.reshape(plane.height, plane.line_size // 2)[:, : plane.width], np.uint16(_STEPS - 1))


def _eight_bits(chroma: NDArray[np.float32]) -> Bytes:
    return np.asarray(np.clip(np.rint(128 + chroma), 0, 255), dtype=np.uint8)
