"""The pool for a cluster of one's own: what Prefect's worker makes of it is a job that the cluster takes."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import cast
from uuid import uuid4

import kubernetes_validate
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_HOME, temporary_settings
from prefect.states import Pending
from prefect_kubernetes.worker import KubernetesWorker, KubernetesWorkerJobConfiguration

import deployments.bootstrap as made_by

POOL = json.loads((Path(made_by.__file__).parent / "pools" / "kubernetes.json").read_text())
TEMPLATE = POOL["base_job_template"]
VERSION = "1.34"


def job(**variables: object) -> dict:
    """The manifest that Prefect's worker sends for a run."""

    async def render() -> dict:
        given = {"image": "ghcr.io/studio/hladvarp-gpu:1", "env": {"PREFECT_API_URL": "https://prefect.studio.is/api"}}
        client = cast("PrefectClient", object())  # only values that name a block or a variable would ask a server
        configuration = await KubernetesWorkerJobConfiguration.from_template_and_values(
            TEMPLATE, given | variables, client=client
        )
        configuration.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="surtsey", state=Pending()))
        return configuration.job_manifest

    return asyncio.run(render())


def container(**variables: object) -> dict:
    return job(**variables)["spec"]["template"]["spec"]["containers"][0]


def test_the_job_is_one_that_kubernetes_takes():
    manifest = job(node_selector={"nvidia.com/gpu.product": "NVIDIA-L40"})
    kubernetes_validate.validate(manifest, VERSION, strict=True)
    assert not re.search(r"\{\{", json.dumps(manifest))
    broken = json.loads(json.dumps(manifest))
    broken["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRoot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_the_pod_keeps_to_the_restricted_standard():
    """Source: Kubernetes, Pod Security Standards, restricted."""
    pod = job()["spec"]["template"]["spec"]
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] == 10001
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for each in pod["containers"]:
        assert each["securityContext"]["allowPrivilegeEscalation"] is False
        assert each["securityContext"]["readOnlyRootFilesystem"] is True
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {next(key for key in volume if key != "name") for volume in pod["volumes"]} == {
        "emptyDir",
        "persistentVolumeClaim",
    }


def test_the_pod_has_its_gpu_its_shared_memory_and_its_volume():
    manifest = job(gpu_count=2, shm_size="20Gi", memory="32Gi", volume_claim="podcasts", run_deadline_s=60)
    pod = manifest["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources["limits"] == {"nvidia.com/gpu": 2, "memory": "32Gi"}
    assert resources["requests"]["memory"] == "32Gi"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["shm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "20Gi"}
    assert volumes["volume"]["persistentVolumeClaim"] == {"claimName": "podcasts"}
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts == {"/dev/shm": "shm", "/tmp": "scratch", "/workspace": "volume"}
    assert manifest["spec"]["activeDeadlineSeconds"] == 60
    assert manifest["spec"]["backoffLimit"] == 0  # a run is run again by Prefect, or not at all


def test_the_preflight_comes_before_the_run():
    each = container()
    assert [*each["command"], *each["args"]] == [
        *("python", "-m", "infra.preflight", "--for", "gpu", "--"),
        *("prefect", "flow-run", "execute"),
    ]


def test_keys_come_from_the_clusters_secret():
    env = {each["name"]: each for each in container(secret="studio")["env"]}
    for name in ("HLADVARP_S3__ACCESS_KEY_ID", "HLADVARP_S3__SECRET_ACCESS_KEY"):
        assert env[name]["valueFrom"]["secretKeyRef"]["name"] == "studio"
        assert "value" not in env[name]


def test_folders_of_the_worker_are_not_those_of_the_pod(tmp_path: Path):
    with temporary_settings({PREFECT_HOME: tmp_path}):
        env = {each["name"]: each.get("value") for each in container()["env"]}
    assert env["PREFECT_HOME"] == "/tmp/prefect"
    assert env["PREFECT_API_URL"] == "https://prefect.studio.is/api"


def test_every_variable_of_the_form_is_used_and_described():
    variables = TEMPLATE["variables"]["properties"]
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(TEMPLATE["job_configuration"])))
    assert set(variables) == used
    assert all(each.get("description") and each.get("title") for name, each in variables.items())
    assert POOL["type"] == KubernetesWorker.type


def test_bootstrap_makes_the_pool_only_where_its_worker_is_installed(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    class Client:
        async def read_work_pool(self, name: str) -> object:
            asked.append(name)
            return type("Pool", (), {"description": pools[name]["description"]})()

    pools = {pool["name"]: pool for path in made_by.POOLS.glob("*.json") for pool in [json.loads(path.read_text())]}
    asyncio.run(made_by._make_pools(Client()))
    assert "kubernetes" in asked
    asked.clear()
    monkeypatch.setattr(made_by, "find_spec", lambda package: None)
    asyncio.run(made_by._make_pools(Client()))
    assert asked == sorted(set(pools) - {"kubernetes"})
