"""What finds faces in the videos to train on. No network that `make train` makes is needed for that."""

from functools import cache

from services.face.finding.finder import FaceFinder
from services.face.mesh.quiet import quiet_import


@cache
def face_finder() -> FaceFinder:
    """The one of this process: loading takes a quarter of a second."""
    with quiet_import():
        finder = FaceFinder()
        finder.warm_up()
    return finder
