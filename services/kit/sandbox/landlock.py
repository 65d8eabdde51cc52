"""Landlock: which files this thread, and what it starts, may open from now on.

A page of ctypes: no package for it is kept. https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Mapping
from enum import IntFlag
from pathlib import Path

# The same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
# All that the first version can refuse; the second adds moving between folders, the third cutting short, the fifth
# commands to devices.
_FIRST = (1 << 13) - 1
_ADDED = {2: 1 << 13, 3: _TRUNCATE, 5: _IOCTL_DEVICE}
# TCP from version four, and from six abstract sockets of others and signals to others.
_NETWORK, _NETWORK_FROM = 0b11, 4
_SCOPES, _SCOPES_FROM = 0b11, 6

_libc = ctypes.CDLL(None, use_errno=True)


class Right(IntFlag):
    """What may be done with a file, or with all below a folder."""

    READ = _READ_FILE | _READ_DIR
    WRITE = _WRITE_FILE
    EXECUTE = _EXECUTE


def version() -> int:
    """Of this kernel's Landlock; 0 where it has none, or does not use it."""
    found: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    return max(found, 0)


def restrict(allowed: Mapping[Path, Right]) -> None:
    """Refuse this thread, and all that it starts, every file but these; for good.

    TCP, and sockets and signals of processes outside, are refused too where the kernel can. What is open stays open,
    and what is not there is left out.

    Raises:
        OSError: The kernel has no Landlock, or did not accept this.
    """
    level = version()
    if not level:
        raise OSError(errno.EOPNOTSUPP, "this kernel has no Landlock")
    handled = _FIRST | sum(bit for since, bit in _ADDED.items() if since <= level)
    attributes = struct.pack(
        "=QQQ", handled, _NETWORK if level >= _NETWORK_FROM else 0, _SCOPES if level >= _SCOPES_FROM else 0
    )
    size = 8 if level < _NETWORK_FROM else 16 if level < _SCOPES_FROM else 24
    ruleset = _checked(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for path, right in allowed.items():
            _allow(ruleset, path, int(right) & handled)
        no_new_privileges()
        _checked(_libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        _checked(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(descriptor)


def no_new_privileges() -> None:
    """Have no program that this thread starts gain anything by its owner or its file's capabilities.

    Raises:
        OSError: The kernel refused.
    """
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def union(*parts: Iterable[tuple[Path, Right]]) -> dict[Path, Right]:
    """One table of several lists, each path with all rights that any of them gives it."""
    joined: dict[Path, Right] = {}
    for part in parts:
        for path, right in part:
            joined[path] = joined.get(path, Right(0)) | right
    return joined


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
