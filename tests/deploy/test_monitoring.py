"""Alerts, dashboard and scalers ask Prometheus for what there is, in its own language."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest

from tests.deploy.manifests import K8S, ROOT, combination, of_kind

MONITORING = K8S / "components" / "monitoring"
PRODUCTION_LIKE = ("external-database", "s3", "autoscaling-keda", "tls-edge", "monitoring")

# Prometheus's own.
OTHERS = {"up"}


def rules() -> list[dict[str, str]]:
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


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alert_says_what_to_do() -> None:
    for alert in rules():
        page, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert anchor in anchors(ROOT / page), alert["alert"]
        assert alert["labels"]["severity"] in ("warning", "critical")
