"""What the segments of a session say of themselves, as one recording. Pure."""

from notreally.v1.metadata_pb2 import MediaFacts


def joined(before: MediaFacts | None, segment: MediaFacts) -> MediaFacts:
    """The facts of a recording with one more segment.

    Frames, seconds and bytes add up; the frame rate and the bits of a frame are means over all frames, as they are of a
    file. The rest is as in the first segment with a picture.

    Args:
        before: Of all segments so far; None of the first.
        segment: Of the next one.
    """
    whole = MediaFacts()
    if before is None:
        whole.CopyFrom(segment)
        # They are about one file, which a segment is not.
        del whole.notes[:]
        whole.ClearField("bit_rate")
        return whole
    whole.CopyFrom(before)
    whole.size_bytes += segment.size_bytes
    whole.duration_s += segment.duration_s
    if segment.HasField("audio"):
        if before.HasField("audio"):
            whole.audio.duration_s += segment.audio.duration_s
        else:
            whole.audio.CopyFrom(segment.audio)
    if not segment.HasField("video"):
        return whole
    if not before.HasField("video"):
        whole.video.CopyFrom(segment.video)
        return whole
    one, other = before.video, segment.video
    whole.video.frame_count = one.frame_count + other.frame_count
    whole.video.duration_s = one.duration_s + other.duration_s
    whole.video.variable_frame_rate = one.variable_frame_rate or other.variable_frame_rate
    if one.fps > 0 and other.fps > 0 and one.frame_count and other.frame_count:
        frames = one.frame_count + other.frame_count
        fps = frames / (one.frame_count / one.fps + other.frame_count / other.fps)
        bits = one.bit_rate / one.fps * one.frame_count + other.bit_rate / other.fps * other.frame_count
        whole.video.fps, whole.video.bit_rate = fps, bits / frames * fps
    return whole
