"""Batches, and what lists of analyses are sorted, searched and filtered by."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COLUMNS = (
    *("batch_id", "batch_sequence", "headline", "model_version", "name_key", "chance", "verdict_rank", "length_s"),
    *("people", "reviewed", "note"),
)
_INDEXES = {
    "ix_analyses_newest": ["created_at", "id"],
    "ix_analyses_by_name": ["name_key", "id"],
    "ix_analyses_by_chance": ["chance", "id"],
    "ix_analyses_by_verdict_rank": ["verdict_rank", "id"],
    "ix_analyses_by_length": ["length_s", "id"],
    "ix_analyses_by_people": ["people", "id"],
    "ix_analyses_of_state": ["state", "created_at", "id"],
    "ix_analyses_of_verdict": ["verdict", "created_at", "id"],
    "ix_analyses_of_batch": ["batch_id", "created_at", "id"],
    "ix_analyses_ends_of_batch": ["batch_id", "batch_sequence"],
}
# Fake, inconclusive, insufficient, real; as in gateway.store.history when this was written.
_RANKS = "CASE verdict WHEN 2 THEN 4 WHEN 3 THEN 3 WHEN 4 THEN 2 WHEN 1 THEN 1 ELSE 0 END"


def upgrade() -> None:
    """Add them. What only the stored result knows of an older analysis (people, length, model) stays unknown."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("request_id", sa.String(64), unique=True),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("expected", sa.Integer, nullable=False),
        sa.Column("ends", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_batches_newest", "batches", ["created_at", "id"])
    for column in (
        sa.Column("batch_id", sa.String(36)),
        sa.Column("batch_sequence", sa.Integer),
        sa.Column("headline", sa.Integer),
        sa.Column("model_version", sa.String(255)),
        sa.Column("name_key", sa.Text, nullable=False, server_default=""),
        sa.Column("chance", sa.Float, nullable=False, server_default="-1"),
        sa.Column("verdict_rank", sa.Integer, nullable=False, server_default="0"),
        sa.Column("length_s", sa.Float, nullable=False, server_default="0"),
        sa.Column("people", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reviewed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    ):
        op.add_column("analyses", column)
    analyses = sa.table("analyses", sa.column("id"), sa.column("filename"), sa.column("name_key"))
    connection = op.get_bind()
    # SQL folds the letters of ASCII alone.
    for analysis_id, filename in connection.execute(sa.select(analyses.c.id, analyses.c.filename)).all():
        update = sa.update(analyses).where(analyses.c.id == analysis_id)
        connection.execute(update.values(name_key=filename.casefold()))
    op.execute(f"UPDATE analyses SET chance = COALESCE(prob_fake, -1), verdict_rank = {_RANKS}")  # noqa: S608 - ours
    op.drop_index("ix_analyses_state", "analyses")
    op.drop_index("ix_analyses_created_at", "analyses")
    for name, columns in _INDEXES.items():
        op.create_index(name, "analyses", columns)


def downgrade() -> None:
    """Take them away again."""
    for name in _INDEXES:
        op.drop_index(name, "analyses")
    op.create_index("ix_analyses_state", "analyses", ["state"])
    op.create_index("ix_analyses_created_at", "analyses", ["created_at"])
    with op.batch_alter_table("analyses") as batch:
        for column in _COLUMNS:
            batch.drop_column(column)
    op.drop_table("batches")
