"""The detector and the mesh together."""

from dataclasses import dataclass, field

import numpy as np

from services.face.finding.detection import FaceDetector
from services.face.mesh.mesh import FaceMesh, Place
from services.face.pixels.pictures import Picture


@dataclass(frozen=True, kw_only=True)
class FaceFinder:
    """The models of MediaPipe, for one thread. They keep nothing from one picture to the next."""

    detector: FaceDetector = field(default_factory=FaceDetector)
    mesh: FaceMesh = field(default_factory=FaceMesh)

    def warm_up(self) -> None:
        """Run each once, so that nothing later waits for it; what they have to say they say then."""
        grey = np.full((192, 192), 128, np.uint8)
        picture = Picture(grey, grey, grey, np.eye(3, 4, dtype=np.float32))
        self.detector.detect(picture)
        self.mesh.face(picture, Place((96.0, 96.0), 192.0, 0.0))
