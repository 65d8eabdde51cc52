"""ffmpeg on a source: the one place in NotReally where it may open a connection, and only for `notreally watch`.

It runs under the limits of a decoder: bounded memory, no files written, no credentials of this process about it.
"""

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

_PIECE_BYTES = 64 * 1024
_COMPLAINT_BYTES = 4096
_MEMORY_BYTES = 2 * 1024**3
_SILENCE_US = 15_000_000
_KEPT = ("HOME", "LANG", "PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

# What each kind of address may make ffmpeg open, beyond itself.
_PROTOCOLS = {
    "rtsp": "rtsp,rtp,srtp,udp,tcp",
    "rtsps": "rtsps,rtsp,rtp,srtp,udp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tls,tcp",
    "srt": "srt,udp",
    "http": "http,https,tcp,tls,crypto",
    "https": "http,https,tcp,tls,crypto",
    "tcp": "tcp",
    "udp": "udp",
}
_DEMUXERS = "aac,flv,h264,hevc,hls,live_flv,matroska,webm,mov,mp4,mpegts,mpeg,mp3,nut,ogg,rtp,rtsp,sdp,srt,webvtt"
# Those that take a time after which a silent connection counts as broken.
_TIMED = {"rtsp": "-timeout", "rtsps": "-timeout", "rtmp": "-rw_timeout", "rtmps": "-rw_timeout",
          "http": "-rw_timeout", "https": "-rw_timeout", "tcp": "-timeout"}  # fmt: skip


class BadSourceError(ValueError):
    """What was named is no source; the message is for a person."""


@dataclass(frozen=True)
class Source:
    """Something to watch.

    Attributes:
        name: As it was given.
        kind: Scheme of its address, ``device`` or ``stdin``.
    """

    name: str
    kind: str

    @classmethod
    def of(cls, name: str) -> "Source":
        """What a name means.

        Raises:
            BadSourceError: Nothing.
        """
        if name == "-":
            return cls(name, "stdin")
        if name.startswith("/dev/"):
            return cls(name, "device")
        kind = urlsplit(name).scheme.lower()
        if kind in _PROTOCOLS:
            return cls(name, kind)
        schemes = ", ".join(f"{scheme}://" for scheme in ("rtsp", "rtmp", "srt", "https"))
        raise BadSourceError(
            f"{name!r} cannot be watched. Name an address ({schemes} …), a device such as /dev/video0, or - for "
            "standard input. To analyse a file, use `notreally analyze`."
        )

    @property
    def comes_back(self) -> bool:
        """Whether it can be opened again once it has ended."""
        return self.kind != "stdin"

    @property
    def shown(self) -> str:
        """Its name without what may be a password."""
        parts = urlsplit(self.name)
        if parts.username or parts.query:
            return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        return "standard input" if self.kind == "stdin" else self.name

    def command(self, *, encode: bool) -> list[str]:
        """What starts ffmpeg on it: it writes Matroska whose clusters begin at keyframes.

        Args:
            encode: Whether to encode the picture anew, with a keyframe every two seconds. Otherwise it stays as it is,
                which is better to judge, and keyframes are where they are. What a device gives is always encoded.
        """
        command = ["ffmpeg", "-v", "error", "-nostdin" if self.kind != "stdin" else "-hide_banner"]
        if self.kind == "stdin":
            command += ["-protocol_whitelist", "pipe", "-format_whitelist", _DEMUXERS, "-i", "pipe:0"]
        elif self.kind == "device":
            command += ["-f", "v4l2", "-i", self.name]
        else:
            command += ["-protocol_whitelist", _PROTOCOLS[self.kind], "-format_whitelist", _DEMUXERS]
            if self.kind in ("rtsp", "rtsps"):
                command += ["-rtsp_transport", "tcp"]
            if self.kind in _TIMED:
                command += [_TIMED[self.kind], str(_SILENCE_US)]
            command += ["-i", self.name]
        command += ["-map", "0:v:0?", "-map", "0:a:0?", "-sn", "-dn", "-c:v", "copy"]
        # Without loss, in a format that any kind of sound fits in, and that begins anywhere without a run-up.
        command += ["-c:a", "flac"]
        if encode or self.kind == "device":
            command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
            command += ["-force_key_frames", "expr:gte(t,n_forced*2)", "-sc_threshold", "0"]
        # A cluster for each keyframe, and for nothing else.
        command += ["-f", "matroska", "-cluster_time_limit", "60000", "-cluster_size_limit", "100000000"]
        return [*command, "-flush_packets", "1", "pipe:1"]


class Reading:
    """ffmpeg while it runs. An async context manager: left, it is gone."""

    def __init__(self, source: Source, *, encode: bool) -> None:
        """Start nothing yet."""
        self._command = source.command(encode=encode)
        self._takes_stdin = source.kind == "stdin"
        self._complaint = b""

    async def __aenter__(self) -> "Reading":
        """Start it.

        Raises:
            FileNotFoundError: ffmpeg is not installed.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=None if self._takes_stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name in _KEPT},
        )
        for kind, value in (
            (resource.RLIMIT_AS, _MEMORY_BYTES),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, kind, (value, value))
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill it, and collect it."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._listening

    @property
    def complaint(self) -> str:
        """The last line that it wrote to standard error."""
        lines = self._complaint.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    async def pieces(self) -> AsyncIterator[bytes]:
        """What it writes, as it comes, until it ends."""
        if self._process.stdout is None:
            raise RuntimeError("not started")
        while piece := await self._process.stdout.read(_PIECE_BYTES):
            yield piece

    async def _listen(self) -> None:
        if self._process.stderr is None:
            return
        while piece := await self._process.stderr.read(_COMPLAINT_BYTES):
            self._complaint = (self._complaint + piece)[-_COMPLAINT_BYTES:]
