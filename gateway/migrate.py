"""`python -m gateway.migrate`: bring the database up to date, our tables and DBOS's, then end. Safe to repeat."""

import structlog
from dbos import DBOS

from gateway.settings import GatewaySettings
from gateway.store.database import connect
from services.kit import logs

log = structlog.get_logger()


def migrate(url: str) -> None:
    """Create what is missing in the database at an SQLAlchemy URL, and change what is older.

    Raises:
        sqlalchemy.exc.OperationalError: When it cannot be reached.
    """
    connect(url).dispose()
    DBOS.migrate(url)


def main() -> None:
    """Do it with the gateway's own settings."""
    settings = GatewaySettings()
    logs.configure("migrate", settings.log_level)
    migrate(settings.sqlalchemy_url)
    log.info("the database is up to date")


if __name__ == "__main__":
    main()
