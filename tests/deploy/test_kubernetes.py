"""The manifests for Kubernetes and KServe: schemas, and what they promise beyond a schema."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from service.settings import Settings
from tests.conftest import ROOT
from tests.deploy.kustomize import Resource, apply, build
from tests.server import Server

DEPLOY = ROOT / "deploy"
OVERLAYS = DEPLOY / "kubernetes" / "overlays"
KSERVE = DEPLOY / "kserve" / "inferenceservice.yaml"
# The oldest with every field that is used, and the newest that the schemas know.
VERSIONS = ("1.31", "1.37")
# Longest that a stopping server waits for what it answers: twice the time limit and 5 seconds.
LAST_REQUEST_SECONDS = 2 * Settings().timeout_seconds + 5
# Of KServe's v1beta1: fields of a component beside those of a pod.
COMPONENT = {
    "minReplicas": int, "maxReplicas": int, "scaleTarget": int, "scaleMetric": str,
    "timeout": int, "containerConcurrency": int, "labels": dict, "annotations": dict,
}  # fmt: skip


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def overlay(request: pytest.FixtureRequest) -> Path:
    folder: Path = OVERLAYS / request.param
    return folder


@pytest.fixture(scope="module")
def resources(overlay: Path) -> dict[str, Resource]:
    """Of one overlay, by kind."""
    built = build(overlay)
    assert len({each["kind"] for each in built}) == len(built)
    return {each["kind"]: each for each in built}


def kserve_pod() -> Resource:
    """The pod that KServe makes of the predictor."""
    predictor = yaml.safe_load(KSERVE.read_text())["spec"]["predictor"]
    spec = {key: value for key, value in predictor.items() if key not in COMPONENT}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}


def pods() -> dict[str, dict[str, Any]]:
    """The specification of every pod."""
    found = {"kserve": kserve_pod()["spec"]}
    for folder in sorted(OVERLAYS.iterdir()):
        (deployment,) = (each for each in build(folder) if each["kind"] == "Deployment")
        found[folder.name] = deployment["spec"]["template"]["spec"]
    return found


PODS = pods()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_fits_its_schema(resources: dict[str, Resource], version: str) -> None:
    for resource in resources.values():
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_misspelt_field_does_not_fit() -> None:
    """The control: without it the test above could not fail."""
    (deployment,) = (each for each in build(OVERLAYS / "cpu") if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


def test_kubectl_builds_the_same(overlay: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed; the overlays are resolved by tests.deploy.kustomize")
    done = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True
    )
    theirs = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}
    assert theirs == {each["kind"]: each for each in build(overlay)}


def test_patches_replace_and_remove_only_what_is_there() -> None:
    for operation in ("replace", "remove"):
        with pytest.raises(AssertionError):
            apply({"a": 1}, {"op": operation, "path": "/b", "value": 2})


@pytest.mark.parametrize("name", PODS)
def test_the_pod_is_locked_down(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
    assert "sizeLimit" in pod["volumes"][0]["emptyDir"]


@pytest.mark.parametrize("name", PODS)
def test_it_has_time_to_stop(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    command, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    drain = int(environment(container)["ROSENBLATT_DRAIN_SECONDS"])
    needed = int(seconds) + drain + LAST_REQUEST_SECONDS
    assert needed < pod["terminationGracePeriodSeconds"] <= needed + 10
    # Readiness must be seen to fail while the server still answers.
    probe = container["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] <= drain


@pytest.mark.parametrize("name", PODS)
def test_resources_fit_the_workers(name: str) -> None:
    """A worker takes 250 MB, one more stands beside them in a reload; see docs/operations.md."""
    (container,) = PODS[name]["containers"]
    workers = int(environment(container)["ROSENBLATT_WORKERS"])
    needs = container["resources"]
    assert int(needs["limits"]["cpu"]) >= workers
    assert mebibytes(needs["requests"]["memory"]) >= 400 * workers
    assert mebibytes(needs["limits"]["memory"]) >= 500 * (workers + 1)
    assert ("nvidia.com/gpu" in needs["limits"]) == (name == "gpu")


@pytest.mark.parametrize("name", PODS)
def test_probes_ask_routes_that_exist(name: str, server: Server) -> None:
    (container,) = PODS[name]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert set(ports.values()) == {3000}
    with server.client() as client:
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[kind]["httpGet"]
            assert ports.get(asked["port"], asked["port"]) == 3000
            assert client.get(asked["path"]).status_code == 200


def test_selectors_find_the_pods(resources: dict[str, Resource]) -> None:
    template = resources["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"].items()
    assert resources["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert resources["Service"]["spec"]["selector"].items() <= labels
    assert resources["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert resources["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels
    names = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in resources["Service"]["spec"]["ports"]} <= names
    (ingress,) = resources["NetworkPolicy"]["spec"]["ingress"]
    assert {port["port"] for port in ingress["ports"]} <= names
    account = resources["ServiceAccount"]["metadata"]["name"]
    assert template["spec"]["serviceAccountName"] == account


def test_no_pod_opens_a_connection(resources: dict[str, Resource]) -> None:
    policy = resources["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []


def test_the_autoscaler_asks_for_metrics_that_exist(
    resources: dict[str, Resource], server: Server
) -> None:
    spec = resources["HorizontalPodAutoscaler"]["spec"]
    assert spec["scaleTargetRef"]["name"] == resources["Deployment"]["metadata"]["name"]
    asked = {each["pods"]["metric"]["name"] for each in spec["metrics"] if "pods" in each}
    values = yaml.safe_load((DEPLOY / "kubernetes" / "prometheus-adapter.yaml").read_text())
    (rule,) = values["rules"]["custom"]
    assert asked == {rule["name"]["as"]}
    body = (ROOT / "docs" / "examples" / "seven.json").read_bytes()
    with server.client() as client:
        json = {"content-type": "application/json"}
        assert client.post("/predict", content=body, headers=json).status_code == 200
        served = client.get("/metrics").text
    for series in ("rosenblatt_queue_seconds_sum", "rosenblatt_queue_seconds_count"):
        assert series in rule["metricsQuery"]
        assert f"\n{series}{{" in served


def test_the_gpu_replaces_the_cpu() -> None:
    cpu, gpu = (environment(PODS[name]["containers"][0]) for name in ("cpu", "gpu"))
    assert {name for name in cpu if cpu[name] != gpu[name]} == {
        "ROSENBLATT_PROVIDER",
        "ROSENBLATT_WORKERS",
    }
    assert (gpu["ROSENBLATT_PROVIDER"], gpu["ROSENBLATT_WORKERS"]) == ("cuda", "1")


@pytest.mark.parametrize("version", VERSIONS)
def test_kserve_makes_a_valid_pod(version: str) -> None:
    kubernetes_validate.validate(kserve_pod(), version, strict=True)


def test_the_inference_service_has_kserves_fields() -> None:
    service = yaml.safe_load(KSERVE.read_text())
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["kind"] == "InferenceService"
    assert set(service["spec"]) == {"predictor"}
    predictor = service["spec"]["predictor"]
    for name, kind in COMPONENT.items():
        assert isinstance(predictor.get(name, kind()), kind), name
    assert [each["name"] for each in predictor["containers"]] == ["kserve-container"]
    assert predictor["scaleMetric"] in ("cpu", "memory")  # the others need Knative
    assert predictor["timeout"] >= LAST_REQUEST_SECONDS


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def mebibytes(text: str) -> int:
    return int(text[:-2]) * {"Mi": 1, "Gi": 1024}[text[-2:]]
