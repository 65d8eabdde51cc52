"""Uploads leave a reserve on the disk, and deleting gets the room it needs."""

from pathlib import Path

import pytest

from gateway.store.room import BALLAST_BYTES, Room
from services.kit.errors import Refusal

PLENTY = 100 * BALLAST_BYTES


class Disk:
    """As much is free as is said."""

    def __init__(self, free: int) -> None:
        self.left = free

    def free(self, _folder: Path) -> int:
        return self.left


def test_what_would_touch_the_reserve_is_refused(tmp_path: Path) -> None:
    disk = Disk(1000)
    room = Room([tmp_path], 400, free=disk.free)
    room.check(600)
    with pytest.raises(Refusal) as refused:
        room.check(601)
    assert (refused.value.code.name, refused.value.reason) == ("RESOURCE_EXHAUSTED", "STORAGE_FULL")
    assert (refused.value.http_status, refused.value.retry_after_s) == (507, 60)
    disk.left = 399
    with pytest.raises(Refusal):
        room.check()


def test_without_a_reserve_or_a_folder_nothing_is_refused(tmp_path: Path) -> None:
    Room([tmp_path], 0, free=Disk(0).free).check(1000)
    Room([], 1000).check(1000)


def test_the_ballast_is_given_up_for_deleting_and_taken_back(tmp_path: Path) -> None:
    disk, ballast = Disk(PLENTY), tmp_path / "ballast"
    room = Room([tmp_path], 1, ballast, disk.free)
    assert ballast.stat().st_blocks * 512 >= BALLAST_BYTES
    with room.for_deleting():
        assert ballast.exists()
    disk.left = 0
    with room.for_deleting():
        assert not ballast.exists()
        with room.for_deleting():
            disk.left = PLENTY
        assert not ballast.exists()
    assert ballast.exists()


def test_a_full_disk_has_no_ballast(tmp_path: Path) -> None:
    Room([tmp_path], 1, tmp_path / "ballast", Disk(BALLAST_BYTES).free)
    assert list(tmp_path.iterdir()) == []
