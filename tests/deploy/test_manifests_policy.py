"""What the manifests promise beyond being valid: who may do what, who talks to whom, what happens when a pod leaves."""

import itertools
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cli.environment import DEFAULTS_FILE, parse_defaults, split_address
from services.audio.settings import AudioSettings
from services.face.settings import FaceSettings
from services.kit.settings import WorkerSettings
from services.metadata.settings import MetadataSettings
from tests.deploy.manifests import (
    COMBINATIONS,
    OVERLAYS,
    ROOT,
    Manifest,
    Workload,
    combination,
    environment,
    matches,
    name_of,
    of_kind,
    overlay,
    workloads,
)
from tests.unit.test_configuration import KINDS, names

DEFAULTS = parse_defaults(DEFAULTS_FILE.read_text())
SERVICES = ("face", "audio", "metadata", "classifier")
PORTS = {name: split_address(DEFAULTS[f"NOTREALLY_{name.upper()}_LISTEN"])[1] for name in (*SERVICES, "gateway")}
EDGE_PORT = int(DEFAULTS["PORT"])
METRICS_PORT = 9464
HEALTH_PORT = 50059

# Those with worker processes, and their settings.
DECODERS: Mapping[str, type[WorkerSettings]] = {
    "face": FaceSettings,
    "audio": AudioSettings,
    "metadata": MetadataSettings,
}
# What a service process has itself (docs/scaling.md), MiB.
SERVICE_MIB = 256

# Of the edge's script, and of libraries.
OTHERS_SETTINGS = {"NOTREALLY_GATEWAY_TARGET", "NOTREALLY_EDGE_TLS", "AWS_REGION", "ORT_DISABLE_TELEMETRY", "PGDATA"}
OTHERS_PREFIXES = ("OTEL_", "POSTGRES_")

EVERYTHING = (
    *(pytest.param((overlay, name), id=name) for name in OVERLAYS),
    # The plainest and the fullest.
    *(
        pytest.param((combination, components), id="+".join(components))
        for components in COMBINATIONS
        if len(components) in (2, 5)
    ),
)


@pytest.fixture(params=EVERYTHING)
def manifests(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    render, what = request.param
    rendered: tuple[Manifest, ...] = render(what)
    return rendered


def test_pods_are_restricted(manifests: tuple[Manifest, ...]) -> None:
    for workload in workloads(manifests):
        pod, container = workload.pod["securityContext"], workload.container["securityContext"]
        assert pod["runAsNonRoot"]
        assert pod["runAsUser"] > 0
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["readOnlyRootFilesystem"]
        assert container["allowPrivilegeEscalation"] is False
        assert container["capabilities"] == {"drop": ["ALL"]}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & workload.pod.keys()
        assert all("hostPath" not in volume for volume in workload.pod.get("volumes", []))
        assert all("hostPort" not in port for port in workload.container.get("ports", []))


def test_every_pod_has_an_account_of_its_own_and_no_token(manifests: tuple[Manifest, ...]) -> None:
    accounts = [workload.pod["serviceAccountName"] for workload in workloads(manifests)]
    assert len(set(accounts)) == len(accounts)
    assert all(workload.pod["automountServiceAccountToken"] is False for workload in workloads(manifests))
    assert all(account["automountServiceAccountToken"] is False for account in of_kind(manifests, "ServiceAccount"))


def test_every_container_says_what_it_needs_and_may_use(manifests: tuple[Manifest, ...]) -> None:
    for workload in workloads(manifests):
        resources = workload.container["resources"]
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}
        # A folder in memory or on the node that hostile videos can fill is a folder with a limit.
        for volume in workload.pod.get("volumes", []):
            assert "emptyDir" not in volume or "sizeLimit" in volume["emptyDir"]


def needed_mib(name: str, given: Mapping[str, str]) -> float:
    """What a service may come to use, MiB: all its workers, what they start, and itself, each at its own limit.

    Args:
        name: One of `DECODERS`.
        given: Its environment; what is not there has the code's default.
    """

    def setting(key: str) -> float:
        return float(given.get(f"NOTREALLY_{key.upper()}", DECODERS[name].model_fields[key].default))

    workers, worker_mib = setting(f"{name}_workers"), setting("worker_memory_mib")
    # The face service decodes in its workers; the others start one decoder for each, which has no more data than the
    # worker it inherits the limit from.
    has_decoder = "decoder_memory_bytes" in DECODERS[name].model_fields
    decoder_mib = min(setting("decoder_memory_bytes") / 2**20, worker_mib) if has_decoder else 0.0
    return workers * (worker_mib + decoder_mib) + setting("worker_spares") * worker_mib + SERVICE_MIB


def test_workers_run_out_of_memory_before_their_container_does(manifests: tuple[Manifest, ...]) -> None:
    # Otherwise one video ends the whole container, and with it the calls of others and the count of what it has cost.
    units = {"Mi": 1, "Gi": 1024}
    for workload in workloads(manifests):
        if workload.name not in DECODERS:
            continue
        limits = workload.container["resources"]["limits"]
        given = {
            key: str(math.ceil(float(limits["cpu"]))) if isinstance(value, Mapping) else str(value)
            for key, value in environment(workload, manifests).items()
            if not isinstance(value, Mapping) or value.get("resourceFieldRef", {}).get("resource") == "limits.cpu"
        }
        assert needed_mib(workload.name, given) <= int(limits["memory"][:-2]) * units[limits["memory"][-2:]]


def test_a_decoder_has_no_more_memory_than_its_worker() -> None:
    taken = (
        "import subprocess, sys; from services.kit.limits import WorkerLimits, limit_this_process; "
        "limit_this_process(WorkerLimits(memory_mib=128)); "
        "run = lambda mib: subprocess.run([sys.executable, '-c', f'bytearray({mib} << 20)'], capture_output=True); "
        "print(run(8).returncode, run(256).returncode)"
    )
    done = subprocess.run([sys.executable, "-c", taken], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]


def test_probes_are_kept_apart(manifests: tuple[Manifest, ...]) -> None:
    for workload in workloads(manifests):
        if not workload.serves:
            continue
        start, ready, live = (workload.container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness"))
        if workload.name in PORTS:
            # A port that asks for a certificate is not for probes.
            is_tls = "NOTREALLY_TLS_DIR" in environment(workload, manifests)
            port = HEALTH_PORT if is_tls else PORTS[workload.name]
            assert start["grpc"]["port"] == ready["grpc"]["port"] == port
            # Busy or draining is not dead.
            assert live["grpc"] == {"port": port, "service": "liveness"}
        else:
            assert ready.keys() & live.keys() & {"httpGet", "exec", "tcpSocket", "grpc"} == set()
        gone_s = live.get("failureThreshold", 3) * live.get("periodSeconds", 10)
        assert gone_s >= 60, "a busy machine is given a minute"
        assert gone_s > ready.get("failureThreshold", 3) * ready.get("periodSeconds", 10)


def test_with_mutual_tls_everything_that_calls_or_is_called_has_a_certificate_of_its_own() -> None:
    manifests = combination(("postgres", "media-volume", "mutual-tls"))
    for workload in workloads(manifests):
        if workload.name not in (*PORTS, "edge"):
            continue
        folder = environment(workload, manifests)["NOTREALLY_TLS_DIR"]
        (mounted,) = (one for one in workload.container["volumeMounts"] if one["mountPath"] == folder)
        (volume,) = (one for one in workload.pod["volumes"] if one["name"] == mounted["name"])
        assert volume["secret"]["secretName"] == f"{workload.name}-mtls"
        assert mounted["readOnly"]


def test_ports_are_those_of_the_defaults(manifests: tuple[Manifest, ...]) -> None:
    is_tls = any("NOTREALLY_TLS_DIR" in environment(workload, manifests) for workload in workloads(manifests))
    containers = {workload.name: workload.container for workload in workloads(manifests)}
    for name, port in PORTS.items():
        assert {entry["name"]: entry["containerPort"] for entry in containers[name]["ports"]} == {
            "grpc": port,
            "metrics": METRICS_PORT,
            **({"health": HEALTH_PORT} if is_tls else {}),
        }
    assert [entry["containerPort"] for entry in containers["edge"]["ports"]] == [EDGE_PORT]
    for service in of_kind(manifests, "Service"):
        if name_of(service) in PORTS:
            assert [entry["port"] for entry in service["spec"]["ports"]] == [PORTS[name_of(service)]]


def test_calls_are_spread_over_all_replicas(manifests: tuple[Manifest, ...]) -> None:
    headless = {name_of(s) for s in of_kind(manifests, "Service") if s["spec"].get("clusterIP") == "None"}
    assert headless >= PORTS.keys()
    servers = {workload.name: environment(workload, manifests) for workload in workloads(manifests)}
    for name in SERVICES:
        assert servers["gateway"][f"NOTREALLY_{name.upper()}_TARGET"] == f"dns:///{name}:{PORTS[name]}"
        assert 0 < float(servers[name]["NOTREALLY_MAX_CONNECTION_AGE_S"]) <= 600
    assert servers["edge"]["NOTREALLY_GATEWAY_TARGET"] == f"gateway:{PORTS['gateway']}"


def test_a_pod_that_leaves_has_time_to(manifests: tuple[Manifest, ...]) -> None:
    for workload in workloads(manifests):
        if workload.name in PORTS:
            wait = workload.container["lifecycle"]["preStop"]["sleep"]["seconds"]
            grace = float(environment(workload, manifests)["NOTREALLY_SHUTDOWN_GRACE_S"])
            assert wait >= 3
            assert workload.pod["terminationGracePeriodSeconds"] >= wait + grace + 5
        elif workload.name == "edge":
            # Envoy gives its calls no time once it is told to end.
            wait = workload.container["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert 30 <= wait < workload.pod["terminationGracePeriodSeconds"]


def test_replicas_are_kept_apart_and_kept_up(manifests: tuple[Manifest, ...]) -> None:
    budgets = of_kind(manifests, "PodDisruptionBudget")
    for workload in workloads(manifests):
        if workload.serves:
            guards = [budget for budget in budgets if matches(budget["spec"]["selector"], workload.labels)]
            assert [budget["spec"]["maxUnavailable"] for budget in guards] == [1], workload.name
            spread = workload.pod["topologySpreadConstraints"]
            assert "kubernetes.io/hostname" in [constraint["topologyKey"] for constraint in spread]
            assert all(matches(constraint["labelSelector"], workload.labels) for constraint in spread)


def test_gateways_keep_their_names(manifests: tuple[Manifest, ...]) -> None:
    (gateway,) = (workload for workload in workloads(manifests) if workload.name == "gateway")
    assert gateway.kind == "StatefulSet"
    variables = environment(gateway, manifests)
    assert variables["NOTREALLY_EXECUTOR_ID"] == {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}} or (
        variables["NOTREALLY_EXECUTOR_ID"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    )


def test_one_job_migrates(manifests: tuple[Manifest, ...]) -> None:
    (job,) = (workload for workload in workloads(manifests) if workload.kind == "Job")
    assert job.container["args"] == ["gateway.migrate"]
    (gateway,) = (workload for workload in workloads(manifests) if workload.name == "gateway")
    assert job.container["image"] == gateway.container["image"]
    assert environment(gateway, manifests)["NOTREALLY_MIGRATE"] == "false"
    # A job cannot be changed: the next release needs it to be gone.
    assert job.manifest["spec"]["ttlSecondsAfterFinished"] <= 3600


def test_every_setting_exists(manifests: tuple[Manifest, ...]) -> None:
    known = set.union(*(names(kind) for kind in KINDS)) | OTHERS_SETTINGS
    for workload in workloads(manifests):
        given = environment(workload, manifests).keys()
        assert {name for name in given - known if not name.startswith(OTHERS_PREFIXES)} == set(), workload.name


def test_secrets_are_named_and_not_given() -> None:
    for components in COMBINATIONS:
        assert of_kind(combination(components), "Secret") == []
    assert of_kind(overlay("production"), "Secret") == []
    for workload in workloads(overlay("production")):
        for name, value in environment(workload, overlay("production")).items():
            if any(word in name for word in ("PASSWORD", "SECRET", "DATABASE_URL", "ACCESS_KEY")):
                assert isinstance(value, Mapping), name


def test_whoever_asks_an_outside_database_can_tell_that_it_is_the_right_one() -> None:
    manifests = overlay("production")
    asking = [workload for workload in workloads(manifests) if workload.name in ("gateway", "migrate")]
    assert len(asking) == 2
    for workload in asking:
        mounts = {mount["name"]: mount["mountPath"] for mount in workload.container["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in workload.pod["volumes"]}
        secret = volumes["database"]["secret"]
        # With a certificate of a public authority the key is not there.
        assert secret["optional"]
        assert secret["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
        path = f"{mounts['database']}/ca.crt"
        for page in ("docs/deploy.md", "deploy/k8s/components/external-database/kustomization.yaml"):
            assert f"sslrootcert={path}" in (ROOT / page).read_text()
    # What `sslrootcert=system` means to the library that comes with psycopg.
    dockerfile = (ROOT / "deploy" / "images" / "Dockerfile").read_text()
    stage = dockerfile.partition("FROM base AS gateway\n")[2].partition("\nFROM ")[0]
    assert "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" in stage


def test_images_have_a_version() -> None:
    for name in OVERLAYS:
        for workload in workloads(overlay(name)):
            _, colon, tag = workload.container["image"].rpartition("/")[2].partition(":")
            assert colon, workload.name
            assert tag != "latest"


def test_autoscalers_and_manifests_do_not_quarrel(manifests: tuple[Manifest, ...]) -> None:
    scaled = [
        s["spec"]["scaleTargetRef"]["name"] for s in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert len(set(scaled)) == len(scaled)
    for workload in workloads(manifests):
        if workload.name in scaled:
            assert "replicas" not in workload.manifest["spec"]
    assert not scaled or set(scaled) == {*PORTS, "edge"}
    # Beside a second number, KEDA's fallback would set the replicas to exactly its own.
    assert all("fallback" not in scaler["spec"] for scaler in of_kind(manifests, "ScaledObject"))


def test_namespaces_hold_pods_to_the_restricted_standard() -> None:
    for name in OVERLAYS:
        (namespace,) = of_kind(overlay(name), "Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


# --- who may talk to whom ---------------------------------------------------------------------------------------------


def calls(manifests: tuple[Manifest, ...]) -> set[tuple[str, str, int]]:
    """The calls inside the cluster that the system is made of: who, whom, at which port."""
    there = {workload.name for workload in workloads(manifests)}
    wanted = {("edge", "gateway", PORTS["gateway"]), *(("gateway", name, PORTS[name]) for name in SERVICES)}
    if "postgres" in there:
        wanted |= {("gateway", "postgres", 5432), ("migrate", "postgres", 5432)}
    return wanted


def open_calls(manifests: tuple[Manifest, ...], side: str) -> Iterator[tuple[str, str, int]]:
    """The calls between pods that one side's policies let through."""
    everybody = workloads(manifests)
    for policy in of_kind(manifests, "NetworkPolicy"):
        chosen = [w for w in everybody if matches(policy["spec"]["podSelector"], w.labels)]
        for rule in policy["spec"].get(side.lower(), []):
            assert rule.get("ports"), f"{name_of(policy)} opens every port"
            for peer in rule.get("from" if side == "Ingress" else "to", []):
                if "podSelector" not in peer or "namespaceSelector" in peer:
                    continue
                others = [w for w in everybody if matches(peer["podSelector"], w.labels)]
                for one, other, port in itertools.product(chosen, others, rule["ports"]):
                    caller, called = (other, one) if side == "Ingress" else (one, other)
                    yield caller.name, called.name, port["port"]


def test_nothing_is_open_by_itself(manifests: tuple[Manifest, ...]) -> None:
    policies = {name_of(policy): policy["spec"] for policy in of_kind(manifests, "NetworkPolicy")}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for spec in policies.values():
        # Otherwise an egress policy without this line would leave egress closed only by accident.
        assert set(spec["policyTypes"]) == (
            {"Ingress", "Egress"}
            if "ingress" not in spec and "egress" not in spec
            else {kind for kind in ("Ingress", "Egress") if kind.lower() in spec}
        )


def test_each_call_is_open_at_both_ends_and_no_other(manifests: tuple[Manifest, ...]) -> None:
    assert set(open_calls(manifests, "Egress")) == calls(manifests)
    assert set(open_calls(manifests, "Ingress")) == calls(manifests)


def blocks(manifests: tuple[Manifest, ...]) -> Iterator[tuple[Workload, Mapping[str, Any], set[int]]]:
    """Who may call addresses outside of the cluster."""
    for policy in of_kind(manifests, "NetworkPolicy"):
        for rule in policy["spec"].get("egress", []):
            for peer in rule["to"]:
                if "ipBlock" in peer:
                    for workload in workloads(manifests):
                        if matches(policy["spec"]["podSelector"], workload.labels):
                            yield workload, peer["ipBlock"], {port["port"] for port in rule["ports"]}


def test_only_the_database_and_the_bucket_are_outside(manifests: tuple[Manifest, ...]) -> None:
    for workload, block, ports in blocks(manifests):
        assert ports <= {443, 5432}
        assert 5432 not in ports or workload.name in ("gateway", "migrate")
        assert 443 not in ports or workload.name in ("gateway", "face", "audio", "metadata")
        # The address at which clouds hand out the node's own credentials.
        assert block["cidr"] != "0.0.0.0/0" or "169.254.169.254/32" in block["except"]


def test_only_the_edge_is_open_to_the_world(manifests: tuple[Manifest, ...]) -> None:
    for policy in of_kind(manifests, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            if not rule.get("from"):
                assert policy["spec"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "edge"}}
                assert [port["port"] for port in rule["ports"]] == [EDGE_PORT]
    exposed = [
        name_of(s) for s in of_kind(manifests, "Service") if s["spec"].get("type") in ("NodePort", "LoadBalancer")
    ]
    assert set(exposed) <= {"edge"}
