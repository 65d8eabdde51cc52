"""Every overlay and every combination of components renders, and is what the API server takes, strictly and offline."""

import functools
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from pydantic import BaseModel
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.deploy.manifests import (
    COMBINATIONS,
    K8S,
    OVERLAYS,
    ROOT,
    Manifest,
    combination,
    name_of,
    overlay,
    references,
    workloads,
)

VERSION = "1.34"


# Made by people, outside of the manifests: docs/deploy.md.
SECRETS = {
    *("database", "media", "edge-tls"),
    *(f"{name}-mtls" for name in ("edge", "gateway", "face", "audio", "metadata", "classifier")),
}


@functools.cache
def extensions() -> dict[str, type[BaseModel]]:
    """What is not Kubernetes's own, as its makers describe it."""
    # Takes seconds, which every test process would need to collect this file.
    from cloudcoil.models.keda.v1alpha1 import ScaledObject
    from cloudcoil.models.prometheus_operator.v1 import PodMonitor, PrometheusRule

    return {"ScaledObject": ScaledObject, "PodMonitor": PodMonitor, "PrometheusRule": PrometheusRule}


@functools.cache
def check(text: str) -> None:
    """Raise unless the API server would take this manifest."""
    manifest = json.loads(text)
    if model := extensions().get(manifest["kind"]):
        kept = model.model_validate(manifest).model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert lost(manifest, kept) == []
    else:
        kubernetes_validate.validate(manifest, VERSION, strict=True)


def lost(given: Any, kept: Any, where: str = "") -> list[str]:
    """Fields that a model has not taken over, because it knows none of the name."""
    if isinstance(given, dict):
        missing = [f"{where}/{key}" for key in given if key not in kept]
        return missing + [
            item for key in given if key in kept for item in lost(given[key], kept[key], f"{where}/{key}")
        ]
    if isinstance(given, list):
        return [item for a, b in zip(given, kept, strict=True) for item in lost(a, b, where)]
    return []


def check_all(manifests: tuple[Manifest, ...]) -> None:
    identities = [(manifest["kind"], name_of(manifest)) for manifest in manifests]
    assert len(set(identities)) == len(identities)
    for manifest in manifests:
        check(json.dumps(manifest, sort_keys=True, default=str))
    there = set(identities) | {("Secret", name) for name in SECRETS}
    for workload in workloads(manifests):
        assert set(references(workload.pod)) - there == set(), workload.name
        assert ("ServiceAccount", workload.pod["serviceAccountName"]) in there


@pytest.mark.parametrize("name", OVERLAYS)
def test_overlay(name: str) -> None:
    check_all(overlay(name))


@pytest.mark.parametrize("components", COMBINATIONS, ids="+".join)
def test_combination(components: tuple[str, ...]) -> None:
    check_all(combination(components))


def test_every_component_is_in_some_combination() -> None:
    known = {name for components in COMBINATIONS for name in components} | {"network-policies"}
    assert {path.parent.name for path in K8S.glob("components/*/kustomization.yaml")} == known


def test_a_field_of_no_such_name_is_found() -> None:
    # The check itself: of Kubernetes's own kinds and of others.
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 1}]}}
    check(json.dumps(service))
    service["spec"]["prots"] = []  # type: ignore[index]
    with pytest.raises(kubernetes_validate.ValidationError):
        check(json.dumps(service))
    monitor = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "a"},
        "spec": {"selector": {}, "podMetricsEndpoints": [{"port": "metrics", "intervall": "1s"}]},
    }
    with pytest.raises(AssertionError, match="intervall"):
        check(json.dumps(monitor))


YAML_FILES = sorted(
    path.relative_to(ROOT)
    for pattern in ("deploy/**/*.yaml", "*.yaml", ".github/**/*.yml")
    for path in ROOT.glob(pattern)
    if "template" not in path.name
)


@pytest.mark.parametrize("path", YAML_FILES, ids=str)
def test_yaml_is_tidy(path: Path) -> None:
    config = YamlLintConfig((ROOT / ".yamllint").read_text())
    assert [str(problem) for problem in linter.run((ROOT / path).read_text(), config)] == []
    list(yaml.safe_load_all((ROOT / path).read_text()))
