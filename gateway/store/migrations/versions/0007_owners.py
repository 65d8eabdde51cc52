"""Owners of rows, their API keys, what they have used, and what was done."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_OWNED = ("uploads", "analyses", "batches", "live_sessions")


def upgrade() -> None:
    """Add them; rows from before belong to nobody."""
    for table in _OWNED:
        op.add_column(table, sa.Column("owned_by", sa.String(255), nullable=False, server_default=""))
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False, index=True),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("parent_id", sa.String(16), index=True),
        sa.Column("analysis_id", sa.String(36), index=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "usage",
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("videos", sa.Integer, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("owner", sa.String(255), nullable=False, index=True),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    # What was written stays as it was written, until its retention ends.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION notreally_audit_stays() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION notreally_audit_stays()"
        )
    else:
        op.execute(
            "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION notreally_audit_stays()")
    op.drop_table("usage")
    op.drop_table("api_keys")
    for table in _OWNED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("owned_by")
