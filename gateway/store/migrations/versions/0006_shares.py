"""Uploads know whose share they take."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Of those that are there already nobody knows it: they count among all."""
    op.add_column("uploads", sa.Column("sharer", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Take it away again."""
    with op.batch_alter_table("uploads") as batch:
        batch.drop_column("sharer")
