"""When an upload was last touched, which upload an analysis is of, when its video was removed; indexes to find them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; an upload from before counts from its beginning."""
    op.add_column("uploads", sa.Column("touched_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE uploads SET touched_at = created_at")
    with op.batch_alter_table("uploads") as batch:
        batch.alter_column("touched_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_index("ix_uploads_touched_at", "uploads", ["touched_at"])
    op.create_index("ix_uploads_sha256", "uploads", ["sha256"])
    op.add_column("analyses", sa.Column("upload_id", sa.String(36)))
    op.create_index("ix_analyses_upload_id", "analyses", ["upload_id"])
    op.add_column("analyses", sa.Column("media_removed_at", sa.DateTime(timezone=True)))
    op.create_index("ix_analyses_ended_at", "analyses", ["ended_at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_analyses_ended_at", "analyses")
    op.drop_index("ix_uploads_sha256", "uploads")
    op.drop_index("ix_uploads_touched_at", "uploads")
    op.drop_index("ix_analyses_upload_id", "analyses")
    with op.batch_alter_table("analyses") as batch:
        batch.drop_column("media_removed_at")
        batch.drop_column("upload_id")
    with op.batch_alter_table("uploads") as batch:
        batch.drop_column("touched_at")
