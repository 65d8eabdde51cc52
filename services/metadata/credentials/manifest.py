"""What the library says of a manifest, as the few things that are shown. Pure.

All text in it was chosen by whoever signed, or pretends to have signed: it is cut, and control characters are left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from services.metadata.facts import printable, time_of

_MOST_MANIFESTS = 50
_MOST_ITEMS = 200
_MOST_TOOLS = 5
_MOST_PROBLEMS = 10
_GENERATED, _COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
_EXPIRED = frozenset({"signingCredential.expired", "claimSignature.outsideValidity"})
_UNTRUSTED = "signingCredential.untrusted"

Json = Mapping[str, Any]


class State(Enum):
    """How far the credentials can be relied on; see `CredentialsState` in the contract."""

    TRUSTED = auto()
    UNTRUSTED = auto()
    VALID = auto()
    CHANGED = auto()
    EXPIRED = auto()
    INVALID = auto()
    UNREADABLE = auto()


class Making(Enum):
    """What they say of AI; see `CredentialsMaking` in the contract."""

    UNSPECIFIED = auto()
    GENERATED = auto()
    PARTLY_GENERATED = auto()


@dataclass(frozen=True)
class Credentials:
    """Content Credentials of a file.

    Attributes:
        state: How far they can be relied on.
        making: Whether they say that AI made it.
        signer: Who signed, by the certificate: a person, a program or a device, and an organisation.
        signed_at: When, by a time stamp.
        tools: What made or changed the file, the latest first.
        problems: Stable names of what is wrong, as the standard has them.
    """

    state: State
    making: Making = Making.UNSPECIFIED
    signer: str | None = None
    signed_at: datetime | None = None
    tools: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read(document: Any, *, is_checked: bool) -> Credentials:
    """Credentials from the library's JSON.

    Args:
        document: As `c2pa.Reader.json` gives it, parsed.
        is_checked: Whether signers were held against a list of trusted ones.
    """
    store = _mapping(document)
    manifests = _mapping(store.get("manifests"))
    label = str(store.get("active_manifest"))
    active = _mapping(manifests.get(label))
    signature = _mapping(active.get("signature_info"))
    names = [printable(signature.get(key)) for key in ("common_name", "issuer")]
    codes = [printable(_mapping(one).get("code")) for one in _list(store.get("validation_status"))]
    problems = tuple(dict.fromkeys(code for code in codes if code))
    chain = list(_chain(manifests, label))
    return Credentials(
        state=_state(store.get("validation_state"), problems, is_checked),
        making=_making(chain),
        signer=" · ".join(dict.fromkeys(name for name in names if name)) or None,
        signed_at=time_of(signature.get("time")),
        tools=tuple(dict.fromkeys(tool for manifest, _ in chain for tool in _tools(manifest)))[:_MOST_TOOLS],
        problems=problems[:_MOST_PROBLEMS],
    )


def _state(said: Any, problems: tuple[str, ...], is_checked: bool) -> State:
    match said:
        case "Trusted":
            return State.TRUSTED
        case "Valid":
            return State.UNTRUSTED if is_checked else State.VALID
    if any(code.startswith("assertion.") and code.endswith((".mismatch", ".missing")) for code in problems):
        return State.CHANGED
    return State.EXPIRED if set(problems) - {_UNTRUSTED} <= _EXPIRED and problems else State.INVALID


def _chain(manifests: Json, active: str) -> Iterator[tuple[Json, bool]]:
    """The active manifest and those of what it was made from, each with whether it is of a part alone."""
    waiting: list[tuple[Any, bool]] = [(active, False)]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_MANIFESTS:
        label, is_part = waiting.pop(0)
        if not isinstance(label, str) or label in seen:
            continue
        seen.add(label)
        manifest = _mapping(manifests.get(label))
        yield manifest, is_part
        waiting += [
            (ingredient.get("active_manifest"), is_part or ingredient.get("relationship") != "parentOf")
            for ingredient in map(_mapping, _list(manifest.get("ingredients"))[:_MOST_ITEMS])
        ]


def _making(chain: list[tuple[Json, bool]]) -> Making:
    found = Making.UNSPECIFIED
    for manifest, is_part in chain:
        for action in _actions(manifest):
            source = str(action.get("digitalSourceType", ""))[:200].rpartition("/")[2]
            if source == _GENERATED and not is_part and action.get("action") == "c2pa.created":
                return Making.GENERATED
            if source in (_GENERATED, _COMPOSITE):
                found = Making.PARTLY_GENERATED
    return found


def _tools(manifest: Json) -> Iterator[str]:
    agents = [action.get("softwareAgent") for action in _actions(manifest)]
    for tool in (*_list(manifest.get("claim_generator_info"))[:_MOST_ITEMS], *agents):
        name = printable(tool) or printable(_mapping(tool).get("name"))
        if name:
            yield name


def _actions(manifest: Json) -> Iterator[Json]:
    for assertion in map(_mapping, _list(manifest.get("assertions"))[:_MOST_ITEMS]):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from map(_mapping, _list(_mapping(assertion.get("data")).get("actions"))[:_MOST_ITEMS])


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
