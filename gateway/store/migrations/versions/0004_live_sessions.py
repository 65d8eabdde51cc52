"""Live sessions, while they last."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add their table."""
    op.create_table(
        "live_sessions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("request_id", sa.String(64), unique=True),
        sa.Column("caller", sa.String(64), nullable=False, server_default=""),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("acknowledged", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("owner", sa.String(300), nullable=False, server_default=""),
        sa.Column("owner_seen_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("live_sessions")
