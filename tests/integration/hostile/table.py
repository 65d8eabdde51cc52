"""All rows of the table, by name."""

import random

from tests.integration.hostile.inputs import Answered, Input, Refused
from tests.integration.hostile.lying_videos import CUTS, LIES, TIMES
from tests.integration.hostile.not_videos import NOT_VIDEOS, REFERENCES
from tests.integration.hostile.odd_videos import FORMATS, PICTURES

ROWS: dict[str, Input] = {
    row.name: row for row in (*NOT_VIDEOS, *REFERENCES, *LIES, *CUTS, *TIMES, *FORMATS, *PICTURES)
}


def _some() -> frozenset[str]:
    """Everything that is refused, which is quick, and a third of what is answered alike."""
    alike: dict[Refused | Answered, list[str]] = {}
    for row in ROWS.values():
        alike.setdefault(row.expected, []).append(row.name)
    chance = random.Random(0)
    return frozenset(
        name
        for expected, names in alike.items()
        for name in (names if isinstance(expected, Refused) else chance.sample(names, -(-len(names) // 3)))
    )


SOME = _some()
"""Names of the rows that are sent whenever tests are run; the others only when all are."""
