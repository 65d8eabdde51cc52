"""What a person should know of what is to be seen and heard right now. Pure."""

import math
from collections.abc import Sequence

from notreally.v1.analysis_pb2 import Reason
from notreally.v1.audio_pb2 import AudioWindow
from notreally.v1.face_pb2 import FaceWindow
from notreally.v1.metadata_pb2 import MediaFacts

from gateway.features.faces import Person
from gateway.features.signals import face_signals
from gateway.features.stillness import is_still
from gateway.features.vector import LEAST_FPS, LEAST_IOD_PX, fast_enough


def remarks(
    face: FaceWindow | None, sound: AudioWindow | None, persons: Sequence[Person], facts: MediaFacts, skipped: int
) -> list[Reason]:
    """Remarks on the latest windows, the most important first.

    Args:
        face: The latest window of picture; None without a picture.
        sound: The latest window of sound; None while none was heard.
        persons: Those of the latest window alone.
        facts: Of the recording so far.
        skipped: Windows left out lately.
    """
    found: list[Reason] = []
    if face is not None:
        found += _of_picture(face, persons)
    if not facts.HasField("audio") or (sound is not None and not sound.has_audio):
        found.append(Reason(reason="NO_SOUND", text="No sound comes with it, so the voice is not judged."))
    if skipped:
        text = "This server cannot keep up, so it looks at a part of what it is sent, evenly."
        found.append(Reason(reason="FALLING_BEHIND", text=text))
    return found


def _of_picture(face: FaceWindow, persons: Sequence[Person]) -> list[Reason]:
    if not face.frame_times_s:
        return [Reason(reason="NO_PICTURE", text="No picture can be read right now.")]
    if not persons:
        text = "No face is in the picture. Look into the camera, or share the window that shows the face."
        return [Reason(reason="NO_FACE_NOW", text=text)]
    found: list[Reason] = []
    if len(persons) > 1:
        text = f"{len(persons)} faces are in the picture. Each is judged on its own."
        found.append(Reason(reason="SEVERAL_FACES", text=text))
    signals = [face_signals(person.windows) for person in persons]
    # The frames that were left out are those that repeat the one before.
    frozen = face.frames_repeated > 4 * len(face.frame_times_s)
    if frozen or all(is_still(one) for one in signals):
        found.append(
            Reason(reason="FROZEN", text="The picture stands still. Nothing can be told from how a face moves.")
        )
    elif not fast_enough(max((one.fps for one in signals if math.isfinite(one.fps)), default=LEAST_FPS)):
        text = (
            f"Fewer than {LEAST_FPS:g} pictures a second arrive, too few to judge how the face moves. More light often "
            "makes a camera faster."
        )
        found.append(Reason(reason="SLOW_PICTURES", text=text))
    if max((one.median_iod_px for one in signals), default=LEAST_IOD_PX) < LEAST_IOD_PX:
        found.append(Reason(reason="SMALL_FACE", text="The face is small in the picture. Come closer, or enlarge it."))
    return found
