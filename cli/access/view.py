"""Keys, owners, quotas and the audit log as tables."""

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp
from notreally.v1 import access_pb2
from rich.console import Console
from rich.table import Table


def print_keys(console: Console, keys: Iterable[access_pb2.Key]) -> None:
    """Print keys and shares, one on a line."""
    table = _table("key", "owner", "may", "name", "made", "expires", "last used", "revoked")
    for key in keys:
        may = f"read {key.analysis}" if key.analysis else ", ".join(map(scope_name, key.scopes))
        times = [
            _day(getattr(key, field)) if key.HasField(field) else "-"
            for field in ("expire_time", "use_time", "revoke_time")
        ]
        table.add_row(key.name.removeprefix("keys/"), key.owner, may, key.display_name, _day(key.create_time), *times)
    console.print(table, highlight=False, markup=False)


def print_usage(console: Console, caller: access_pb2.Caller) -> None:
    """Print who calls, and what they have used."""
    used = caller.usage
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_row("owner", caller.owner or "nobody")
    table.add_row("may", ", ".join(map(scope_name, caller.scopes)) or "-")
    table.add_row("files today", _of(str(used.videos_today), str(used.videos_a_day or "")))
    table.add_row("kept", _of(_megabytes(used.kept_bytes), _megabytes(used.max_kept_bytes)))
    table.add_row("waiting", str(used.waiting))
    console.print(table, highlight=False, markup=False)


def print_owners(console: Console, owners: Iterable[access_pb2.Owner]) -> None:
    """Print owners with their counts, one on a line."""
    table = _table("owner", "analyses", "keys", "kept", "files today")
    for owner in owners:
        kept = _megabytes(owner.kept_bytes)
        table.add_row(owner.owner, str(owner.analyses), str(owner.keys), kept, str(owner.videos_today))
    console.print(table, highlight=False, markup=False)


def print_events(console: Console, events: Iterable[access_pb2.AuditEvent]) -> None:
    """Print events of the audit log, one on a line."""
    table = _table("number", "time (UTC)", "owner", "key", "action", "what", "from", "outcome")
    for event in events:
        when = event.time.ToDatetime().strftime("%Y-%m-%d %H:%M:%S")
        about = (event.owner, event.key.removeprefix("keys/"), event.action, event.target, event.address, event.outcome)
        table.add_row(str(event.number), when, *about)
    console.print(table, highlight=False, markup=False)


def scope_name(scope: "access_pb2.Scope.ValueType") -> str:
    """A scope as people write it: ``read``."""
    return access_pb2.Scope.Name(scope).removeprefix("SCOPE_").lower()


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _day(time: Timestamp) -> str:
    return time.ToDatetime().strftime("%Y-%m-%d")


def _of(used: str, most: str) -> str:
    return f"{used} of {most}" if most else used


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else ""
