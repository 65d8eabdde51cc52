"""A decoder's frame as a `Picture`: planes without a copy where the pixel format allows it, colours, rotation."""

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from services.face.pixels.brightness import is_hdr, ordinary
from services.face.pixels.pictures import Picture, Plane
from services.kit.media.orientation import quarter_turns, quarter_turns_of_degrees
from services.kit.media.shape import square_size

# Eight bits, planar, luma first: read where they lie. The rest goes through the scaler once.
_PLANAR = frozenset({"yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p"})

# Share of red and blue in luma.
_BT601 = (0.299, 0.114)
_BT709 = (0.2126, 0.0722)


def picture_of(frame: VideoFrame, pixel_aspect: float = 1.0) -> Picture:
    """The frame as a picture of its own size.

    A mirrored display matrix is shown unmirrored.

    Args:
        frame: As it was decoded.
        pixel_aspect: Width of a stored pixel over its height; the picture's pixels are square.
    """
    turns = _turns(frame)
    size = square_size(frame.width, frame.height, pixel_aspect)
    if size != (frame.width, frame.height):
        # As players do: smoothly, for faces are measured in what comes out.
        kind = "yuv420p10le" if is_hdr(int(frame.color_trc)) else "yuv420p"
        frame = frame.reformat(*size, format=kind, dst_color_range="MPEG", interpolation="BICUBIC")
    elif frame.format.name not in _PLANAR and not is_hdr(int(frame.color_trc)):
        frame = frame.reformat(format="yuv420p", dst_color_range="MPEG")
    if is_hdr(int(frame.color_trc)):
        return Picture(*ordinary(frame), _matrix(_BT709, full=False), turns)
    luma, blue, red = (_plane(plane) for plane in frame.planes[:3])
    return Picture(luma, blue, red, _colour_matrix(frame), turns)


def _turns(frame: VideoFrame) -> int:
    """Counter-clockwise quarter turns that bring the frame upright."""
    try:
        # Not `frame.side_data`: the two would hold each other, and frames pile up until the garbage collector comes by.
        matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # type: ignore[call-arg]
    except ValueError:
        # PyAV has no name for some kinds of side data, such as the EXIF of motion JPEG, and then gives none at all.
        return quarter_turns_of_degrees(frame.rotation)
    return 0 if matrix is None else quarter_turns(np.frombuffer(bytes(matrix), np.int32).tolist())


def _plane(plane: VideoPlane) -> Plane:
    rows = np.frombuffer(memoryview(plane), np.uint8, count=plane.line_size * plane.height)
    seen: Plane = rows.reshape(plane.height, plane.line_size)[:, : plane.width]
    return seen


def _colour_matrix(frame: VideoFrame) -> NDArray[np.float32]:
    """From (Y, Cb, Cr, 1) in 0-255 to RGB in 0-255: ITU-R BT.601 or BT.709; small ones that do not say are 601."""
    says_601 = frame.colorspace in (Colorspace.ITU601, Colorspace.FCC, Colorspace.SMPTE170M)
    is_709 = frame.colorspace == Colorspace.ITU709 or (not says_601 and frame.height >= 720)
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return _matrix(_BT709 if is_709 else _BT601, full=full)


def _matrix(shares: tuple[float, float], *, full: bool) -> NDArray[np.float32]:
    red, blue = shares
    green = 1 - red - blue
    to_rgb = np.array(
        [
            [1, 0, 2 * (1 - red)],
            [1, -2 * (1 - blue) * blue / green, -2 * (1 - red) * red / green],
            [1, 2 * (1 - blue), 0],
        ]
    )
    gain, offset = ([1, 1, 1], [0, 128, 128]) if full else ([255 / 219, 255 / 224, 255 / 224], [16, 128, 128])
    linear = to_rgb * np.array(gain)
    return np.column_stack([linear, -linear @ np.array(offset)]).astype(np.float32)
