"""Alerts, dashboard and scalers ask Prometheus for what there is, in its own language."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from gateway import metrics
from gateway.store import database
from services.face import server as face_server
from services.kit import metrics as kit_metrics
from tests.deploy.manifests import K8S, ROOT, combination, of_kind
from tests.deploy.test_manifests_policy import SERVICES

MONITORING = K8S / "components" / "monitoring"
PRODUCTION_LIKE = ("external-database", "s3", "autoscaling-keda", "tls-edge", "monitoring")

# What one number is called when Prometheus keeps it.
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}

# The modules that count: importing them registers their numbers.
COUNTING = (metrics, kit_metrics, face_server)


def rules() -> list[dict[str, Any]]:
    (rule,) = of_kind(combination(PRODUCTION_LIKE), "PrometheusRule")
    return [alert for group in rule["spec"]["groups"] for alert in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    for alert in rules():
        yield alert["alert"], alert["expr"]
    dashboard = json.loads((MONITORING / "notreally.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for scaler in of_kind(combination(PRODUCTION_LIKE), "ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                yield "scaler", trigger["metadata"]["query"]


def test_every_expression_is_promql() -> None:
    found = list(expressions())
    assert len(found) > 10
    for _, expression in found:
        promql_parser.parse(expression)
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("sum(rate(x[5m])")


def counted() -> set[str]:
    """Every name that some server of ours tells."""
    engine = sa.create_engine("sqlite://")
    database.metadata.create_all(engine)
    families = [*REGISTRY.collect(), *metrics.Tables(engine).collect()]
    engine.dispose()
    return {family.name + end for family in families for end in SUFFIXES.get(family.type, [])}


def test_every_number_asked_for_is_counted() -> None:
    asked = {name for _, text in expressions() for name in re.findall(r"notreally_[a-z_]+", text)}
    assert len(asked) > 10
    assert asked - counted() == set()
    assert COUNTING


def reasons() -> set[str]:
    """What the code may say that an analysis failed for, and more."""
    sources = [path.read_text() for folder in ("gateway", "services") for path in (ROOT / folder).rglob("*.py")]
    named = {name for text in sources for name in re.findall(r'"([A-Z][A-Z_]+)"', text)}
    # The one that is put together from a service's name.
    assert any('f"{service.upper()}_UNAVAILABLE"' in text for text in sources)
    return named | {f"{service.upper()}_UNAVAILABLE" for service in SERVICES}


def documented(like: str) -> set[str]:
    """The reasons in that line of the table of failures in docs/rest.md which has this one."""
    lines = (ROOT / "docs" / "rest.md").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("| `") and f"`{like}`" in line)
    return set(re.findall(r"`([A-Z_]+)`", line.split("|")[1]))


def test_failing_analyses_are_alerted_for_when_it_is_not_the_files() -> None:
    (expression,) = (alert["expr"] for alert in rules() if alert["alert"] == "NotReallyAnalysesFail")
    (pattern,) = re.findall(r'reason=~"([^"]+)"', expression)
    for alternative in pattern.split("|"):
        assert [reason for reason in reasons() if re.fullmatch(alternative, reason)], alternative
    for answer in documented("NOT_A_VIDEO"):
        assert not re.fullmatch(pattern, answer), answer
    ours = documented("FACE_UNAVAILABLE") | documented("SCHEMA_MISMATCH") | {"INTERNAL", "INTERRUPTED"}
    assert {reason for reason in ours if not re.fullmatch(pattern, reason)} == set()


def test_nothing_ends_is_told_where_nothing_was_ever_counted() -> None:
    # What a counter has no numbers of is not 0: compared with 0, it is nothing, and so is the whole.
    for alert in rules():
        assert "== 0" not in alert["expr"], alert["alert"]


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alert_says_what_to_do() -> None:
    for alert in rules():
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert anchor in anchors(ROOT / page), alert["alert"]
        assert alert["labels"]["severity"] in ("warning", "critical")
