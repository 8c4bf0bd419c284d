"""From the body of `createPod` to a place for the pod: templates, rules across fields, capacity, price."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from runpod_account import Account
from runpod_book import Json
from runpod_catalog import cuda_versions
from runpod_wire import CAPACITY, Problem

MOST_ENV = 50
LARGEST_BYTES = 102_400
SMALLEST_PLACED_DISK_GB = 20
DEFAULT_DISK_GB = 50
HOST_VCPUS, HOST_MEMORY_GB = 16, 64
CPU_USD = {"cpu3c": 0.03, "cpu3g": 0.04, "cpu5c": 0.035}
"""Flavours of CPU, and USD an hour for a vCPU, with 2 GB."""


@dataclass(frozen=True)
class Order:
    """A pod that can be made."""

    config: Json
    """Every field of the answer that doesn't change by itself."""
    compute_usd_per_h: float


def order(body: Json, account: Account) -> Order:
    """Raises: Problem."""
    asked = with_template(body, account)
    check_rules(asked)
    volume = mounted_volume(asked, account)
    if asked.get("registry") is not None:
        account.find("registries", asked["registry"])
    compute, data_center, cuda, usd = _gpu(asked, volume, account) if "gpu" in asked else _cpu(asked, volume)
    entrypoint, cmd, args = started_by(asked)
    config: Json = {
        "name": asked["name"],
        "image": asked["image"],
        "args": args,
        **({"entrypoint": entrypoint} if entrypoint is not None else {}),
        **({"cmd": cmd} if cmd is not None else {}),
        "disk": asked.get("disk", DEFAULT_DISK_GB),
        "ports": asked.get("ports", []),
        "env": asked.get("env", {}),
        "registry": asked.get("registry"),
        "mounts": asked.get("mounts", {}),
        "cloud": asked.get("cloud", "SECURE"),
        "dataCenterId": data_center,
        "cudaVersion": cuda or None,
        "locked": False,
        "globalNetworking": {"enabled": bool(asked.get("globalNetworking"))},
        **compute,
    }
    return Order(config, usd)


def with_template(body: Json, account: Account) -> Json:
    """The body over its template; `env` is merged by key. Raises: Problem."""
    if "templateId" not in body:
        return body
    template = account.find("templates", body["templateId"])
    if template["serverless"]:
        raise Problem(422, "Request validation failed.", "$.templateId: is a serverless template")
    taken = ("image", "args", "entrypoint", "cmd", "disk", "mounts", "ports", "env", "registry")
    asked = {name: template[name] for name in taken if name in template} | body
    asked["env"] = template["env"] | body.get("env", {})
    versions, gpu = template["allowedCudaVersions"], body.get("gpu", {})
    if versions and gpu and not {"allowedCudaVersions", "minCudaVersion"} & set(gpu):
        asked["gpu"] = gpu | {"allowedCudaVersions": versions}
    if len(json.dumps(asked)) > LARGEST_BYTES:
        raise Problem(413, "request body with its template is larger than 102400 bytes")
    return asked


def check_rules(asked: Json) -> None:
    """Rules that the schema can't say. Raises: Problem."""
    mounts, gpu = asked.get("mounts", {}), asked.get("gpu", {})
    if ("gpu" in asked) == ("cpu" in asked):
        raise Problem(400, "exactly one of gpu or cpu must be set")
    if "persistent" in mounts and "network" in mounts:
        raise Problem(400, "mounts.persistent and mounts.network are mutually exclusive")
    if "persistent" in mounts and "cpu" in asked:
        raise Problem(400, "mounts.persistent is not supported for CPU pods")
    if mounts.get("network") and asked.get("cloud") == "COMMUNITY":
        raise Problem(400, "network volumes are only supported on SECURE cloud")
    if gpu.get("allowedCudaVersions") and "minCudaVersion" in gpu:
        raise Problem(400, "gpu.allowedCudaVersions and gpu.minCudaVersion are mutually exclusive")
    if "cpu" in asked and asked["cpu"]["vcpuCount"] & (asked["cpu"]["vcpuCount"] - 1):
        raise Problem(400, "cpu.vcpuCount must be a power of 2")
    if len(asked.get("env", {})) > MOST_ENV:
        raise Problem(400, f"a pod can have at most {MOST_ENV} environment variables")


def mounted_volume(asked: Json, account: Account) -> Json | None:
    """The network volume, which must lie where the pod may. Raises: Problem."""
    mounts = asked.get("mounts", {}).get("network") or []
    if not mounts:
        return None
    volume = account.find("volumes", mounts[0]["volumeId"])
    if asked.get("dataCenterIds") and volume["dataCenter"] not in asked["dataCenterIds"]:
        raise Problem(400, f"network volume {volume['id']} is not in the requested data centers")
    return volume


def started_by(asked: Json) -> tuple[list[str] | None, list[str] | None, str]:
    """Entrypoint, command, and the two as they are stored. Raises: Problem."""
    stored = asked.get("args", "")
    entrypoint, cmd = asked.get("entrypoint"), asked.get("cmd")
    from_args = _parsed(stored)
    if entrypoint is None and cmd is None:
        return (*from_args, stored)
    if stored and from_args != (entrypoint, cmd):
        raise Problem(400, "args conflicts with entrypoint/cmd")
    parts = {"entrypoint": entrypoint, "cmd": cmd}
    return entrypoint, cmd, json.dumps({name: part for name, part in parts.items() if part is not None})


def _parsed(stored: str) -> tuple[list[str] | None, list[str] | None]:
    if not stored.strip():
        return None, None
    if stored.lstrip().startswith("{"):
        try:
            parts = json.loads(stored)
        except ValueError:
            raise Problem(400, "args is not valid JSON") from None
        return parts.get("entrypoint"), parts.get("cmd")
    return None, shlex.split(stored)


def _gpu(asked: Json, volume: Json | None, account: Account) -> tuple[Json, str, str, float]:
    catalog, gpu = account.catalog, asked["gpu"]
    type_, count = catalog.gpus.get(gpu["id"]), gpu.get("count", 0)
    too_small = asked.get("disk", DEFAULT_DISK_GB) < SMALLEST_PLACED_DISK_GB
    if type_ is None or not 0 < count <= type_.max_count or too_small:
        raise Problem(400, CAPACITY)
    if gpu.get("minRamPerGpu", 0) * count > HOST_MEMORY_GB * count or gpu.get("minVcpuCountPerGpu", 0) > HOST_VCPUS:
        raise Problem(400, CAPACITY)
    constrained = gpu.get("allowedCudaVersions") or "minCudaVersion" in gpu
    versions = cuda_versions(type_.cuda, gpu) if constrained else None
    cloud = asked.get("cloud", "SECURE")
    among = [volume["dataCenter"]] if volume is not None else asked.get("dataCenterIds", [])
    place = catalog.placed(type_.id, cloud, among=among, versions=versions)
    if place is None:
        raise Problem(400, CAPACITY)
    compute = {"id": type_.id, "count": count, "vcpuCount": HOST_VCPUS * count, "memory": HOST_MEMORY_GB * count}
    return {"gpu": compute}, *place, catalog.price_usd(type_.id, cloud) * count


def _cpu(asked: Json, volume: Json | None) -> tuple[Json, str, str, float]:
    cpu = asked["cpu"]
    if cpu["id"] not in CPU_USD:
        raise Problem(400, CAPACITY)
    among = [volume["dataCenter"]] if volume is not None else asked.get("dataCenterIds") or ["EU-RO-1"]
    compute = {"id": cpu["id"], "vcpuCount": cpu["vcpuCount"], "memory": 2 * cpu["vcpuCount"]}
    return {"cpu": compute}, among[0], "", CPU_USD[cpu["id"]] * cpu["vcpuCount"]
