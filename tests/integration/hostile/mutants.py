"""Seeded damage to a good clip: the same number always gives the same bytes."""

import random

from tests.integration.hostile import boxes


def mutant(clip: bytes, number: int) -> bytes:
    """The clip with one kind of damage, chosen and placed by `number`."""
    chance = random.Random(number)
    kinds = (_flip_header_bits, _flip_any_bits, _cut, _lie_about_a_size, _zero_a_range, _repeat_a_range, _swap_ranges)
    return kinds[number % len(kinds)](clip, chance)


def _flip(data: bytes, chance: random.Random, places: list[int]) -> bytes:
    flipped = bytearray(data)
    for place in places:
        flipped[place] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _flip_header_bits(data: bytes, chance: random.Random) -> bytes:
    """Bits of what is not the pictures themselves: of an MP4's boxes, or of the first kilobyte of anything else."""
    headers = [
        place
        for box in boxes.boxes(data)
        if box.kind not in (b"mdat", b"moov", b"trak", b"mdia", b"minf", b"stbl")
        for place in range(box.start, box.end)
    ]
    return _flip(data, chance, chance.choices(headers or range(min(1024, len(data))), k=chance.randint(1, 12)))


def _flip_any_bits(data: bytes, chance: random.Random) -> bytes:
    return _flip(data, chance, chance.choices(range(len(data)), k=chance.choice((1, 10, 100, len(data) // 50))))


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _lie_about_a_size(data: bytes, chance: random.Random) -> bytes:
    """Another size for a box, or four bytes anywhere turned into a large or a small number."""
    found = list(boxes.boxes(data))
    value = chance.choice((0, 1, 7, 8, 9, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, chance.randrange(1 << 32)))
    if found and chance.random() < 0.7:
        return boxes.resized(data, chance.choice(found), value)
    place = chance.randrange(len(data) - 4)
    return data[:place] + value.to_bytes(4, chance.choice(("big", "little"))) + data[place + 4 :]


def _range(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.randint(1, len(data) // 4))


def _zero_a_range(data: bytes, chance: random.Random) -> bytes:
    start, end = _range(data, chance)
    return data[:start] + bytes(end - start) + data[end:]


def _repeat_a_range(data: bytes, chance: random.Random) -> bytes:
    start, end = _range(data, chance)
    return data[:end] + data[start:]


def _swap_ranges(data: bytes, chance: random.Random) -> bytes:
    (one, _), (other, _) = sorted((_range(data, chance), _range(data, chance)))
    length = min(chance.randint(1, 5000), other - one, len(data) - other)
    first, second = data[one : one + length], data[other : other + length]
    return data[:one] + second + data[one + length : other] + first + data[other + length :]
