"""The plain pipeline: what a first script for this job looks like, and the baseline of every timing.

One process, in sequence: OpenCV reads every frame, every fifth goes full-size to Face Mesh, at most 600; `librosa.load`
at 16 kHz and MFCC; `ffmpeg.probe`. Run as a program it answers each path on its standard input with a line of JSON, so
that it is as warm as a server.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import ffmpeg
import librosa
import mediapipe as mp

EVERY = 5
MOST_FRAMES = 600


@dataclass(frozen=True)
class Seen:
    """What was looked at: frames given to Face Mesh, frames with a face, and how far into the film the last one was."""

    frames: int
    faces: int
    last_s: float


def analyze(path: Path) -> Seen:
    """Run the plain pipeline on one video."""
    frames = faces = index = 0
    last_s = 0.0
    with mp.solutions.face_mesh.FaceMesh() as mesh:
        capture = cv2.VideoCapture(str(path))
        fps = capture.get(cv2.CAP_PROP_FPS) or 30.0
        while frames < MOST_FRAMES:
            read, image = capture.read()
            if not read:
                break
            if index % EVERY == 0:
                found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
                frames += 1
                faces += found.multi_face_landmarks is not None
                last_s = index / fps
            index += 1
        capture.release()
    facts = ffmpeg.probe(str(path))
    if any(stream["codec_type"] == "audio" for stream in facts["streams"]):
        samples, rate = librosa.load(path, sr=16000)
        librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=13)
    return Seen(frames, faces, last_s)


def main() -> None:
    """Answer every path on standard input."""
    for line in sys.stdin:
        print(json.dumps(asdict(analyze(Path(line.rstrip("\n"))))), flush=True)


if __name__ == "__main__":
    main()
