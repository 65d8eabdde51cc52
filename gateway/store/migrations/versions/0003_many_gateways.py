"""What several gateways on one database need: signs of life, rounds of work taken, and a fair line."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them; what waits from before has the first turn."""
    op.create_table(
        "gateways",
        sa.Column("executor_id", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.create_table(
        "rounds",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("analyses", sa.Column("caller", sa.String(64), nullable=False, server_default=""))
    op.add_column("analyses", sa.Column("turn", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Take them away again."""
    with op.batch_alter_table("analyses") as batch:
        batch.drop_column("turn")
        batch.drop_column("caller")
    op.drop_table("rounds")
    op.drop_table("gateways")
