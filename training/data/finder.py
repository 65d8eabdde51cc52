"""Face detection in the training videos. It needs none of the networks that `make train` makes."""

from functools import cache

from services.face.finding.finder import FaceFinder
from services.face.mesh.quiet import quiet_import


@cache
def face_finder() -> FaceFinder:
    """One per process: loading takes a quarter of a second."""
    with quiet_import():
        finder = FaceFinder()
        finder.warm_up()
    return finder
