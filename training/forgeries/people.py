"""Who may lend a face or a voice to whom: pools of two people, drawn before any forgery is made.

A swap shows two people. If anybody could be a donor, every video would be linked with every other, and no split could
keep people apart. So people are put into pools of two (one of three, if their number is odd) at random, depending on
the seed and the content of their videos. Donors come from the same pool only, and all videos of a pool, originals
included, share a `group_id`. A split by `group_id` then keeps everyone who appears in a video on one side, whatever the
folds. The price is half as many groups as people.
"""

import hashlib
from collections.abc import Mapping, Sequence

_POOL = 2


def pools(contents: Mapping[str, Sequence[str]], seed: int) -> dict[str, str]:
    """The pool's name for each person.

    Args:
        contents: hashes of the videos of each person.
        seed: other seeds, other pools.
    """

    def drawn(person: str) -> str:
        return _hash(str(seed), *sorted(contents[person]))

    order = sorted(contents, key=drawn)
    whole = max(1, len(order) // _POOL)
    members = [order[number * _POOL : (number + 1) * _POOL] for number in range(whole)]
    members[-1] += order[whole * _POOL :]
    return {person: f"pool-{_hash(*map(drawn, pool))[:12]}" for pool in members for person in pool}


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
