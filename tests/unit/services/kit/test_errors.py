"""Refusals travel: as a status over the wire, and by pickle out of a worker process."""

import pickle

import grpc
from hypothesis import given
from hypothesis import strategies as st

from services.kit.errors import Refusal, refusal_of_status

CODES = st.sampled_from([code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
REFUSALS = st.builds(
    lambda code, reason, message, retry_after_s, metadata: Refusal(code, reason, message, retry_after_s, **metadata),
    CODES,
    st.from_regex(r"[A-Z][A-Z_]{0,30}", fullmatch=True),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.none() | st.integers(0, 10**6).map(lambda milliseconds: milliseconds / 1000),
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,10}", fullmatch=True).filter(lambda k: k not in ("code", "reason", "message", "self")),
        st.text(st.characters(codec="utf-8"), max_size=20),
        max_size=3,
    ),
)


def parts(refusal: Refusal) -> tuple[object, ...]:
    return refusal.code, refusal.reason, refusal.message, refusal.retry_after_s, refusal.metadata


@given(REFUSALS)
def test_a_refusal_survives_the_wire(refusal: Refusal) -> None:
    back = refusal_of_status(refusal.status())
    assert back is not None
    assert parts(back) == parts(refusal)


@given(REFUSALS)
def test_a_refusal_survives_a_process_boundary(refusal: Refusal) -> None:
    assert parts(pickle.loads(pickle.dumps(refusal))) == parts(refusal)  # noqa: S301


def test_a_status_of_another_domain_is_no_refusal_of_ours() -> None:
    status = Refusal(grpc.StatusCode.NOT_FOUND, "X", "gone").status()
    del status.details[:]
    assert refusal_of_status(status) is None
