"""The bodies that RunPod accepts, as its specification has them: whatever else comes is refused with 422."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from runpod_book import Json
from runpod_wire import Problem

TEXT: Json = {"type": "string"}
NAME: Json = {"type": "string", "minLength": 1}
TEXTS: Json = {"type": "array", "items": TEXT}
CUDA: Json = {"type": "string", "pattern": r"^\d+\.\d+$"}
FLAG: Json = {"type": "boolean"}


def closed(properties: Json, *required: str, **more: Any) -> Json:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


PERSISTENT = closed({"size": {"type": "integer", "minimum": 10}, "path": TEXT}, "size", "path")
NETWORK = closed({"volumeId": TEXT, "path": TEXT}, "volumeId", "path")
CONTAINER: Json = {
    "image": TEXT,
    "args": TEXT,
    "entrypoint": TEXTS,
    "cmd": TEXTS,
    "disk": {"type": "integer", "minimum": 1},
    "env": {"type": "object", "additionalProperties": TEXT},
    "ports": TEXTS,
    "registry": {"type": ["string", "null"]},
    "mounts": closed({"persistent": PERSISTENT, "network": {"type": "array", "maxItems": 1, "items": NETWORK}}),
}
GPU = closed(
    {
        "id": TEXT,
        "count": {"type": "integer", "minimum": 1},
        "allowedCudaVersions": {"type": "array", "items": CUDA},
        "minCudaVersion": CUDA,
        "minRamPerGpu": {"type": "integer", "minimum": 1},
        "minVcpuCountPerGpu": {"type": "integer", "minimum": 1},
    },
    "id",
)
CPU = closed({"id": TEXT, "vcpuCount": {"type": "integer", "minimum": 2}}, "id", "vcpuCount")
VOLUME: Json = {"name": NAME, "size": {"type": "integer", "minimum": 10, "maximum": 4096}}
SECRET_NAME: Json = {"type": "string", "maxLength": 191, "pattern": r"^(?!RUNPOD)[A-Za-z_][\w.\-/]*$"}

BODIES: dict[str, Json] = {
    "createPod": closed(
        {
            **CONTAINER,
            "name": NAME,
            "cloud": {"enum": ["SECURE", "COMMUNITY"]},
            "gpu": GPU,
            "cpu": CPU,
            "dataCenterIds": TEXTS,
            "globalNetworking": FLAG,
            "startSsh": FLAG,
            "startJupyter": FLAG,
            "templateId": NAME,
        },
        "name",
        **{"if": {"not": {"required": ["templateId"]}}, "then": {"required": ["image"]}},
    ),
    "updatePod": closed({**CONTAINER, "name": NAME, "locked": FLAG, "globalNetworking": FLAG, "templateId": TEXT}),
    "podAction": closed({"action": {"enum": ["start", "stop", "restart", "terminate"]}}, "action"),
    "createTemplate": closed(
        {
            **CONTAINER,
            "name": NAME,
            "category": {"enum": ["NVIDIA", "AMD", "CPU"]},
            "public": FLAG,
            "serverless": FLAG,
            "startSsh": FLAG,
            "startJupyter": FLAG,
            "allowedCudaVersions": {"type": "array", "items": CUDA},
        },
        "name",
        "image",
    ),
    "createNetworkVolume": closed(
        {**VOLUME, "dataCenter": NAME, "type": {"enum": ["STANDARD", "HIGH_PERFORMANCE"]}},
        "name",
        "size",
        "dataCenter",
    ),
    "updateNetworkVolume": closed(VOLUME, minProperties=1),
    "createRegistry": closed({"name": NAME, "username": NAME, "password": NAME}, "name", "username", "password"),
    "createSecret": closed({"name": SECRET_NAME, "value": TEXT, "description": TEXT}, "name", "value"),
}
VALIDATORS = {operation: Draft202012Validator(schema) for operation, schema in BODIES.items()}


def check(operation: str, body: object) -> None:
    """Raise 422 where the body breaks the contract, with each violation in `errors`.

    As on the live API, a missing property makes the validator call the given ones "not allowed" too.
    """
    if operation not in VALIDATORS:
        return
    errors = [line for error in VALIDATORS[operation].iter_errors(body) for line in _lines(error)]
    if isinstance(body, dict) and any(line.startswith("$: missing") for line in errors):
        known = sorted(set(body) & set(BODIES[operation]["properties"]))
        errors += [f"$: additional properties {quoted(known)} not allowed"] if known else []
    if errors:
        raise Problem(422, "Request validation failed.", *errors)


def quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _lines(error: Any) -> list[str]:
    at = "$" + "".join(f".{part}" if isinstance(part, str) else f"[{part}]" for part in error.absolute_path)
    if error.validator == "required":
        name = error.message.split("'")[1]  # "'name' is a required property", one error for each
        return [f"{at}: missing property '{name}'"]
    if error.validator == "additionalProperties":
        strange = sorted(set(error.instance) - set(error.schema["properties"]))
        return [f"{at}: additional properties {quoted(strange)} not allowed"]
    return [f"{at}: {error.message}"]
