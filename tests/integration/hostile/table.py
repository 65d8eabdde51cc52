"""All rows of the table, by name."""

from tests.integration.hostile.inputs import Input
from tests.integration.hostile.lying_videos import CUTS, LIES, TIMES
from tests.integration.hostile.not_videos import NOT_VIDEOS, REFERENCES
from tests.integration.hostile.odd_videos import FORMATS, PICTURES

ROWS: dict[str, Input] = {
    row.name: row for row in (*NOT_VIDEOS, *REFERENCES, *LIES, *CUTS, *TIMES, *FORMATS, *PICTURES)
}
