"""The stand-in RunPod against the vendor's own specification, where a copy of it is at hand.

`HLADVARP_RUNPOD_OPENAPI` names the file: `api-reference-v2/openapi.json` of the public repository runpod/docs, which is
not ours to ship. Of later versions than that of 2026-08-20 fields are known by description only; they are in NEWER.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from runpod_api import ROUTES
from runpod_book import Json
from runpod_schema import BODIES
from runpod_server import L40, Image, RunPodServer

COPY = os.environ.get("HLADVARP_RUNPOD_OPENAPI", "")
pytestmark = pytest.mark.skipif(not COPY, reason="HLADVARP_RUNPOD_OPENAPI names no copy of RunPod's specification")

NEWER_OPERATIONS = {"listSecrets", "createSecret", "getSecret", "deleteSecret"}
NEWER_FIELDS = {"entrypoint", "cmd", "minRamPerGpu", "minVcpuCountPerGpu", "pagination"}
POD = {"name": "try", "image": "here:1", "gpu": {"id": L40, "count": 1}, "disk": 20, "ports": ["22/tcp"]}


@pytest.fixture(scope="module")
def specification() -> Json:
    found: Json = json.loads(Path(COPY).read_text())
    return found


@pytest.fixture(scope="module")
def runpod() -> Iterator[RunPodServer]:
    with RunPodServer(speed=20) as server:
        server.images["here:1"] = Image(light=lambda pod: pod.stopping.wait())
        yield server


def operations(specification: Json) -> dict[str, tuple[str, str, Json]]:
    """Method, path and description, by operation id."""
    return {
        each["operationId"]: (method.upper(), path, each)
        for path, methods in specification["paths"].items()
        for method, each in methods.items()
        if isinstance(each, dict) and "operationId" in each
    }


def flattened(schema: Json, specification: Json) -> Json:
    """Properties and required names of an object, through references and `allOf`."""
    if "$ref" in schema:
        target: Any = specification
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return flattened(target, specification)
    found: Json = {"properties": dict(schema.get("properties", {})), "required": set(schema.get("required", []))}
    for part in schema.get("allOf", []):
        inner = flattened(part, specification)
        found["properties"] |= inner["properties"]
        found["required"] |= inner["required"]
    return found


def test_every_operation_is_the_vendors_own(specification):
    known = {name: found[:2] for name, found in operations(specification).items()}

    for method, path, name in ROUTES:
        if name not in NEWER_OPERATIONS:
            assert known.get(name) == (method, path), name


@pytest.mark.parametrize("operation", sorted(set(BODIES) - NEWER_OPERATIONS))
def test_body_has_the_vendors_fields_and_no_others(specification, operation):
    asked = operations(specification)[operation][2]["requestBody"]["content"]["application/json"]["schema"]
    theirs, ours = flattened(asked, specification), BODIES[operation]

    assert set(ours["properties"]) - NEWER_FIELDS == set(theirs["properties"]) - NEWER_FIELDS
    assert set(ours["required"]) == theirs["required"]
    for name in ("gpu", "cpu"):
        if name in theirs["properties"]:
            inner = flattened(theirs["properties"][name], specification)
            assert set(ours["properties"][name]["properties"]) - NEWER_FIELDS == set(inner["properties"])
            assert set(ours["properties"][name]["required"]) == inner["required"], name


def strays(answer: Any, schema: Json, specification: Json) -> list[str]:
    """What in the answer breaks the vendor's schema; fields that are newer than it are left out before."""
    whole = {"$ref": "#/schema", "schema": schema, "components": specification["components"]}
    return [
        f"{each.json_path}: {each.message}" for each in Draft202012Validator(whole).iter_errors(without_newer(answer))
    ]


def without_newer(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_newer(each) for name, each in value.items() if name not in NEWER_FIELDS}
    return [without_newer(each) for each in value] if isinstance(value, list) else value


QUESTIONS = (
    ("createPod", "POST", "/v2/pods", POD, 201),
    ("listPods", "GET", "/v2/pods", None, 200),
    ("getPod", "GET", "/v2/pods/{pod}", None, 200),
    ("listGpuTypes", "GET", "/v2/catalog/gpus?include=AVAILABILITY&product=POD&cloud=SECURE&count=1", None, 200),
    ("getGpuType", "GET", f"/v2/catalog/gpus/{L40.replace(' ', '%20')}", None, 200),
    ("listDataCenters", "GET", "/v2/catalog/datacenters?compliance=GDPR&include=GPU_AVAILABILITY", None, 200),
    ("listPodBilling", "GET", "/v2/billing/pods?bucketSize=day&lastN=2", None, 200),
    ("createNetworkVolume", "POST", "/v2/network-volumes", {"name": "m", "size": 10, "dataCenter": "EUR-IS-1"}, 201),
    ("listNetworkVolumes", "GET", "/v2/network-volumes", None, 200),
    ("createRegistry", "POST", "/v2/registries", {"name": "r", "username": "u", "password": "p"}, 201),
    ("listRegistries", "GET", "/v2/registries", None, 200),
    ("createPod", "POST", "/v2/pods", {"gpuTypeIds": [L40]}, 422),
    ("getPod", "GET", "/v2/pods/nowhere", None, 404),
    ("podAction", "POST", "/v2/pods/{pod}/action", {"action": "start"}, 409),
)


@pytest.mark.parametrize(("operation", "method", "path", "body", "status"), QUESTIONS, ids=lambda each: str(each)[:24])
def test_answer_is_what_the_vendor_describes(specification, runpod, operation, method, path, body, status):
    with httpx.Client(base_url=runpod.url, headers={"Authorization": f"Bearer {runpod.key}"}) as http:
        pod_id = http.post("/v2/pods", json=POD).json()["id"]
        answer = http.request(method, path.replace("{pod}", pod_id), json=body)
        http.delete(f"/v2/pods/{pod_id}")
    described = operations(specification)[operation][2]["responses"][str(status)]
    if "$ref" in described:
        described = specification["components"]["responses"][described["$ref"].rsplit("/", 1)[-1]]
    (kind, content), *_ = described["content"].items()

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == kind
    assert strays(answer.json(), content["schema"], specification) == []
