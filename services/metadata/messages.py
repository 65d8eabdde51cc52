"""Probed facts as protobuf messages."""

from datetime import datetime

from google.protobuf import timestamp_pb2
from notreally.v1 import metadata_pb2

from services.metadata import facts, notes
from services.metadata.credentials import words
from services.metadata.credentials.manifest import Credentials
from services.metadata.packets import PacketFacts
from services.metadata.probing import Probed


def response(
    probed: Probed, size_bytes: int, now: datetime, credentials: Credentials | None = None
) -> metadata_pb2.ProbeResponse:
    """The answer about a file of so many bytes; `now` is what its creation time is held against."""
    header, packets = probed.header, probed.packets
    media = metadata_pb2.MediaFacts(
        container=header.container,
        duration_s=header.duration_s or (packets.duration_s if packets else None),
        bit_rate=header.bit_rate,
        size_bytes=size_bytes,
        video=_video(header.video, packets) if header.video else None,
        audio=_audio(header.audio, probed.sound_end_s) if header.audio else None,
        creation_time=_timestamp(header.creation_time) if header.creation_time else None,
        encoder=header.encoder,
        video_streams=header.video_streams,
        audio_streams=header.audio_streams,
        notes=[
            metadata_pb2.MediaNote(reason=note.reason, text=note.text)
            for note in notes.about(header, packets, now, probed.structure)
        ],
        credentials=_credentials(credentials) if credentials else None,
    )
    if packets is None:
        return metadata_pb2.ProbeResponse(facts=media)
    return metadata_pb2.ProbeResponse(
        facts=media,
        keyframe_times_s=packets.keyframe_times_s,
        # Of the beginning alone they would hide the rest.
        spans=[
            metadata_pb2.PictureSpan(start_s=start_s, end_s=end_s)
            for start_s, end_s in (packets.spans_s if packets.complete else ())
        ],
    )


def _video(video: facts.VideoHeader, packets: PacketFacts | None) -> metadata_pb2.VideoFacts:
    message = metadata_pb2.VideoFacts(
        codec=video.codec,
        profile=video.profile,
        width=video.width,
        height=video.height,
        rotation_deg=video.rotation_deg,
        fps=video.fps,
        frame_count=video.frame_count,
        duration_s=video.duration_s,
        bit_rate=video.bit_rate,
        pixel_format=video.pixel_format,
        start_s=video.start_s or 0.0,
        stream_index=video.stream_index,
    )
    if packets is not None:
        message.start_s = packets.start_s
        message.variable_frame_rate = packets.variable_frame_rate
        # Packets are facts, a header is only a claim. But only a complete list of packets covers the whole file.
        for field in ("fps", "frame_count", "duration_s", "bit_rate"):
            measured = getattr(packets, field)
            if measured is not None and (packets.complete or not message.HasField(field)):
                setattr(message, field, measured)
    return message


def _audio(audio: facts.AudioHeader, end_s: float | None) -> metadata_pb2.AudioFacts:
    """`end_s` is where it ends on the container's clock, by its packets; None when they were not read."""
    return metadata_pb2.AudioFacts(
        codec=audio.codec,
        profile=audio.profile,
        sample_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
        bit_rate=audio.bit_rate,
        duration_s=end_s - audio.start_s if end_s is not None and end_s > audio.start_s else audio.duration_s,
        start_s=audio.start_s,
        stream_index=audio.stream_index,
        unreadable=audio.unreadable,
        channel_layout=audio.channel_layout,
    )


def _credentials(credentials: Credentials) -> metadata_pb2.ContentCredentials:
    return metadata_pb2.ContentCredentials(
        state=metadata_pb2.CredentialsState.Value(f"CREDENTIALS_STATE_{credentials.state.name}"),
        making=metadata_pb2.CredentialsMaking.Value(f"CREDENTIALS_MAKING_{credentials.making.name}"),
        signer=credentials.signer,
        sign_time=_timestamp(credentials.signed_at) if credentials.signed_at else None,
        tools=credentials.tools,
        problems=credentials.problems,
        text=words.sentence(credentials),
    )


def _timestamp(moment: datetime) -> timestamp_pb2.Timestamp:
    timestamp = timestamp_pb2.Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
