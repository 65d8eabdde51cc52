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

from gateway import database, metrics
from services.face import server as face_server
from services.kit import metrics as kit_metrics
from tests.deploy.manifests import K8S, ROOT, combination, of_kind

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


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alert_says_what_to_do() -> None:
    for alert in rules():
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert anchor in anchors(ROOT / page), alert["alert"]
        assert alert["labels"]["severity"] in ("warning", "critical")
