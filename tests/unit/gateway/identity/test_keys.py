"""Keys, the audit log and quotas over both databases."""

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from gateway.identity.audit import Audit
from gateway.identity.keys import Keys, is_owner_name
from gateway.identity.quotas import Limits, Quotas
from gateway.identity.subject import LOCAL, Scope
from gateway.store.database import api_keys, audit, connect
from services.kit.errors import Refusal
from tests.servers.home import Home

ANALYSE = frozenset({Scope.ANALYSE})


@pytest.fixture
def engine(home: Home) -> Iterator[sa.Engine]:
    engine = connect(home.database_url)
    yield engine
    engine.dispose()


def test_a_secret_is_kept_as_a_digest_and_opens_until_it_expires_or_is_revoked(engine: sa.Engine) -> None:
    keys = Keys(engine)
    made, secret = keys.create("alice", ANALYSE)
    subject = keys.verify(secret)
    assert subject is not None
    assert (subject.owner, subject.scopes, subject.key_id) == ("alice", ANALYSE, made.id)
    with engine.connect() as connection:
        assert secret.rpartition("_")[2] not in str(connection.execute(sa.select(api_keys)).all())
    assert keys.verify(secret[:-1]) is keys.verify(secret + "a") is keys.verify("") is None
    _, expired = keys.create("alice", ANALYSE, valid=dt.timedelta(seconds=-1))
    assert keys.verify(expired) is None
    assert keys.revoke(made.id, "bob") is None
    assert keys.verify(secret) is not None
    _, session = keys.create("alice", ANALYSE, kind="session", parent_id=made.id)
    assert keys.verify(session) is not None
    assert keys.revoke(made.id, "alice") is not None
    assert keys.verify(secret) is keys.verify(session) is None
    assert {key.kind for key in keys.list(None)} == {"key"}


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "a" * 101, "a\n", "ä"])
def test_owners_have_names_that_are_safe_to_show(name: str) -> None:
    assert not is_owner_name(name)
    assert is_owner_name("alice@example.org")


def test_the_audit_log_is_appended_to_and_expires(engine: sa.Engine) -> None:
    log = Audit(engine)
    log.note(LOCAL, "DeleteAnalyses", ["analyses/1", "analyses/2"], "127.0.0.1", "OK")
    assert [event.target for event in log.page(10)] == ["analyses/2", "analyses/1"]
    assert [event.target for event in log.page(10, before=log.page(1)[0].number)] == ["analyses/1"]
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.update(audit).values(outcome="changed"))
    assert log.expire(dt.datetime.now(dt.UTC) - dt.timedelta(days=1)) == 0
    assert log.expire(dt.datetime.now(dt.UTC) + dt.timedelta(days=1)) == 2


def test_a_day_holds_so_many_files_of_one_owner(engine: sa.Engine) -> None:
    quotas = Quotas(engine, Limits(videos_a_day=2))
    for _ in range(2):
        quotas.begin("alice")
    with pytest.raises(Refusal) as refused:
        quotas.begin("alice")
    assert refused.value.reason == "DAILY_QUOTA"
    assert 0 < (refused.value.retry_after_s or 0) <= 86_400
    quotas.begin("bob")
    quotas.take_back("alice")
    quotas.begin("alice")
    assert quotas.of("alice").videos_today == 2
    for _ in range(5):
        quotas.begin("")  # nobody has no quota
