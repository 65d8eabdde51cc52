"""The manifests of deploy/k8s as the API server would get them: rendered by kubectl, parsed, looked at."""

import functools
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "deploy" / "k8s"
KUBECTL = Path(sys.executable).parent / "kubectl"

Manifest = Mapping[str, Any]

OVERLAYS = ("local", "production")

# One of each group goes into a cluster.
_CHOICES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("postgres",), ("external-database",)),
    (("media-volume",), ("s3",)),
    ((), ("autoscaling",), ("autoscaling-keda",)),
    # Each without the other: in the overlays, and in a test of its own.
    ((), ("tls-edge", "mutual-tls")),
    ((), ("monitoring",)),
)

COMBINATIONS = tuple(tuple(itertools.chain.from_iterable(choice)) for choice in itertools.product(*_CHOICES))
"""Every way to put the components together."""


@functools.cache
def overlay(name: str) -> tuple[Manifest, ...]:
    """All that one overlay creates."""
    return _parse(_kustomize(K8S / "overlays" / name))


@functools.cache
def combination(components: tuple[str, ...]) -> tuple[Manifest, ...]:
    """All that the base creates with these components."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder).resolve()
        kustomization = {
            "resources": [os.path.relpath(K8S / "base", here)],
            "components": [os.path.relpath(K8S / "components" / name, here) for name in components],
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return _parse(_kustomize(here))


def _kustomize(folder: Path) -> str:
    done = subprocess.run([str(KUBECTL), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # It warns of what will stop working.
    assert not done.stderr, done.stderr
    return done.stdout


def _parse(text: str) -> tuple[Manifest, ...]:
    return tuple(document for document in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    """Those of the given kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def name_of(manifest: Manifest) -> str:
    """The name of an object."""
    return str(manifest["metadata"]["name"])


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet or Job, and its one container."""

    name: str
    kind: str
    manifest: Manifest
    labels: Mapping[str, str]
    pod: Mapping[str, Any]
    container: Mapping[str, Any]

    @property
    def serves(self) -> bool:
        """Whether it runs until it is told to stop."""
        return self.kind != "Job"


def workloads(manifests: tuple[Manifest, ...]) -> list[Workload]:
    """Everything that has pods."""
    found = []
    for manifest in of_kind(manifests, "Deployment", "StatefulSet", "Job", "DaemonSet", "CronJob", "Pod", "ReplicaSet"):
        assert manifest["kind"] in ("Deployment", "StatefulSet", "Job"), "the checks know no pods of this kind"
        template = manifest["spec"]["template"]
        pod = template["spec"]
        assert len(pod["containers"]) == 1
        assert not pod.get("initContainers")
        found.append(
            Workload(
                name_of(manifest),
                manifest["kind"],
                manifest,
                template["metadata"]["labels"],
                pod,
                pod["containers"][0],
            )
        )
    return found


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects something with these labels."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", "the checks know no other operator"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def environment(workload: Workload, manifests: tuple[Manifest, ...]) -> dict[str, Any]:
    """The environment of a workload's container: values where the manifests have them, references where not."""
    values: dict[str, Any] = {}
    maps = {name_of(manifest): manifest["data"] for manifest in of_kind(manifests, "ConfigMap")}
    for source in workload.container.get("envFrom", []):
        if "configMapRef" in source:
            values |= maps[source["configMapRef"]["name"]]
    for entry in workload.container.get("env", []):
        values[entry["name"]] = entry.get("value", entry.get("valueFrom"))
    return values


def references(node: object) -> Iterator[tuple[str, str]]:
    """Kind and name of every ConfigMap, Secret and claim that a pod wants, but for those it can do without."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, Mapping) and value.get("optional"):
                continue
            match key:
                case "configMapRef" | "configMapKeyRef":
                    yield "ConfigMap", value["name"]
                case "secretRef" | "secretKeyRef":
                    yield "Secret", value["name"]
                case "secret" if isinstance(value, Mapping) and "secretName" in value:
                    yield "Secret", value["secretName"]
                case "persistentVolumeClaim":
                    yield "PersistentVolumeClaim", value["claimName"]
                case _:
                    yield from references(value)
