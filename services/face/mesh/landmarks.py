"""Which of Face Mesh's 468 landmarks are what.

Numbers are those of MediaPipe's canonical face model (`face_model_with_iris`, connections in
`mediapipe/python/solutions/face_mesh_connections.py`). Right and left are the subject's: the right eye is on the left
of the picture.
"""

from typing import Final, NamedTuple

COUNT: Final = 468

RIGHT_EYE_CORNER: Final = 33
LEFT_EYE_CORNER: Final = 263
"""The outer corners; their distance is the inter-ocular distance."""

NOSE_TIP: Final = 1

# p1 … p6 of Soukupova and Cech (2016): outer corner, two points of the upper lid, inner corner, and the two points of
# the lower lid under them, from the inside out.
RIGHT_EYE: Final = (33, 160, 158, 133, 153, 144)
LEFT_EYE: Final = (263, 387, 385, 362, 380, 373)

# Upper and lower inner lip, facing each other: the middle and a third to either side.
INNER_LIPS: Final = ((13, 14), (82, 87), (312, 317))

# What speech and blinks move least: forehead, bridge of the nose, corners of the eyes, temples.
RIGID: Final = (10, 151, 9, 168, 6, 197, 195, 33, 133, 362, 263, 127, 356)

# Pairs left and right of the face, level with each other; their depths give the yaw.
LEVEL_PAIRS: Final = ((33, 263), (133, 362), (127, 356), (61, 291))

# Contour of the face, clockwise in the picture from the top (FACEMESH_FACE_OVAL, put in order).
OVAL: Final = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


class Line(NamedTuple):
    """Landmarks one after another; a closed line runs back to the first."""

    points: tuple[int, ...]
    closed: bool


# The face as it is drawn over the video: all of FACEMESH_FACE_OVAL, and what it takes of _RIGHT_EYE, _LEFT_EYE,
# _RIGHT_EYEBROW, _LEFT_EYEBROW, _LIPS and _NOSE, in order. The points that eyes and mouth are measured by are among
# them.
CONTOURS: Final = (
    Line(OVAL, closed=True),
    Line((33, 161, 160, 159, 158, 157, 133, 154, 153, 145, 144, 163), closed=True),
    Line((263, 388, 387, 386, 385, 384, 362, 381, 380, 374, 373, 390), closed=True),
    Line((70, 63, 105, 66, 107), closed=False),
    Line((300, 293, 334, 296, 336), closed=False),
    # Outer, then inner lips.
    Line((61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91), closed=True),
    Line((78, 80, 82, 13, 312, 310, 308, 318, 317, 14, 87, 88), closed=True),
    # Bridge and tip of the nose, then its underside.
    Line((168, 197, 5, NOSE_TIP), closed=False),
    Line((64, 98, 2, 327, 294), closed=False),
)
