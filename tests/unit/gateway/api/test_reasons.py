"""docs/grpc.md and docs/rest.md name the reasons for which the gateway refuses, and no others."""

import ast
import re
from pathlib import Path

_ROOT = Path(__file__).parents[4]


def _reasons(source: Path) -> set[str]:
    """Of the refusals that a module makes; those that are spelled out where they are made."""
    calls = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call)]
    second = [call.args[1] for call in calls if ast.unparse(call.func) == "Refusal" and len(call.args) > 1]
    return {one.value for one in second if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _named(page: str) -> set[str]:
    """In the tables of a page."""
    rows = [line for line in (_ROOT / "docs" / page).read_text().splitlines() if line.startswith("|")]
    return set(re.findall("`([A-Z_]+)`", "\n".join(rows)))


def test_every_reason_of_the_gateway_is_explained() -> None:
    made = {reason for module in (_ROOT / "gateway").rglob("*.py") for reason in _reasons(module)}
    assert len(made) > 20
    assert made - _named("grpc.md") - _named("rest.md") == set()


def test_no_reason_is_explained_that_nobody_gives() -> None:
    code = "\n".join(path.read_text() for folder in ("gateway", "services") for path in (_ROOT / folder).rglob("*.py"))
    # Put together from the service's name, and given by the edge.
    together = {"FACE_UNAVAILABLE", "TOO_MANY_CALLS"}
    assert {reason for reason in _named("grpc.md") | _named("rest.md") if f'"{reason}"' not in code} == together
