"""`python -m gateway.identity OWNER SCOPE...`: make a key on the machine itself, such as the first one.

It prints the secret. Whoever can run it has the database anyway. It works with the gateway running or not, and with
the login on or off.
"""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence

from gateway.identity.audit import Audit
from gateway.identity.keys import Keys, is_owner_name
from gateway.identity.subject import Scope, Subject
from gateway.settings import GatewaySettings
from gateway.store.database import connect


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the key, with the gateway's own settings."""
    parser = argparse.ArgumentParser(prog="python -m gateway.identity", description="Make an API key.")
    parser.add_argument("owner", help="whose it is: letters, digits and @ . _ : + -")
    parser.add_argument("scopes", nargs="*", choices=["read", "analyse", "admin", []], help="what it may: analyse")
    parser.add_argument("--name", default="", help="what to call it")
    parser.add_argument("--days", type=int, default=0, help="days until it expires; 0 for never")
    given = parser.parse_args(arguments)
    if not is_owner_name(given.owner) or not 0 <= given.days <= 3650:
        parser.error("an owner is up to 100 letters, digits and @ . _ : + -, and a key lasts up to 3650 days")
    settings = GatewaySettings()
    engine = connect(settings.sqlalchemy_url, migrate=settings.migrate)
    scopes = frozenset(Scope(name) for name in given.scopes or ["analyse"])
    valid = dt.timedelta(days=given.days) if given.days else None
    key, secret = Keys(engine).create(given.owner, scopes, given.name, valid)
    Audit(engine).note(Subject(given.owner, frozenset()), "CreateKey", [f"keys/{key.id}"], "this machine", "OK")
    engine.dispose()
    sys.stdout.write(secret + "\n")


if __name__ == "__main__":
    main()
