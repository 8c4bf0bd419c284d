"""What the stand-in RunPod has to let: GPU types and data centres, their prices, stock and CUDA versions.

GPU ids, memory and the enumerations are the vendor's. Prices are of the ranges that were seen in 2026, no list price;
which data centre has which GPU, CUDA version and certificate is made up, so that every choice has a right answer.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from runpod_book import Json
from runpod_wire import Problem

LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")
CLOUDS = ("SECURE", "COMMUNITY")


@dataclass(frozen=True)
class Gpu:
    """One type of GPU."""

    id: str
    name: str
    memory_gb: int
    secure_usd: float
    community_usd: float | None
    """USD an hour for one; None where the community has none."""
    cuda: tuple[str, ...] = ("11.8", "12.1", "12.4", "12.8")
    manufacturer: str = "NVIDIA"
    max_count: int = 8
    pool: str | None = None


@dataclass(frozen=True)
class DataCenter:
    """One data centre; `country` is the part of its id that countryCodes filters by."""

    id: str
    name: str
    region: str
    country: str
    compliance: tuple[str, ...] = ()
    volume_types: tuple[str, ...] = ("STANDARD",)
    global_network: bool = True


L40 = "NVIDIA L40"
L40S = "NVIDIA L40S"
A40 = "NVIDIA A40"
RTX_4090 = "NVIDIA GeForce RTX 4090"
GPUS = (
    Gpu(L40, "L40", 48, 0.99, 0.69, pool="ADA_48_PRO"),
    Gpu(L40S, "L40S", 48, 0.86, 0.79, pool="ADA_48_PRO"),
    Gpu(A40, "A40", 48, 0.47, 0.35, pool="AMPERE_48"),
    Gpu("NVIDIA L4", "L4", 24, 0.44, None),
    Gpu(RTX_4090, "RTX 4090", 24, 0.69, 0.34, pool="ADA_24"),
    Gpu("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada", 48, 0.77, 0.74, pool="ADA_48_PRO"),
    Gpu("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.39, 1.19, pool="AMPERE_80"),
    Gpu("NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.69, 2.69, cuda=("12.4", "12.8"), pool="HOPPER_141"),
    Gpu(
        "NVIDIA RTX PRO 6000 Blackwell Server Edition MIG 1g.24gb",
        "RTX PRO 6000 MIG 1g.24gb",
        24,
        0.55,
        None,
        cuda=("12.8",),
    ),
    Gpu("AMD Instinct MI300X OAM", "MI300X", 192, 2.49, None, cuda=(), manufacturer="AMD"),
)
DATA_CENTERS = (
    DataCenter("EU-RO-1", "EU Romania 1", "EUROPE", "RO", ("GDPR", "ISO_IEC_27001"), ("STANDARD", "HIGH_PERFORMANCE")),
    DataCenter("EU-CZ-1", "EU Czechia 1", "EUROPE", "CZ", ("GDPR", "SOC_2_TYPE_2")),
    DataCenter("EUR-IS-1", "Europe Iceland 1", "EUROPE", "IS", ("GDPR", "ISO_IEC_27001", "RENEWABLE")),
    DataCenter("EUR-NO-1", "Europe Norway 1", "EUROPE", "NO", (), ()),
    DataCenter("US-KS-2", "US Kansas 2", "NORTH_AMERICA", "US", ("SOC_2_TYPE_2", "HIPAA")),
    DataCenter("US-TX-3", "US Texas 3", "NORTH_AMERICA", "US", (), (), global_network=False),
)
Place = tuple[str, str, str]
"""GPU id, data centre id, cloud."""


@dataclass
class Catalog:
    """The types, and what is free of them just now."""

    gpus: dict[str, Gpu] = field(default_factory=lambda: {gpu.id: gpu for gpu in GPUS})
    data_centers: dict[str, DataCenter] = field(default_factory=lambda: {each.id: each for each in DATA_CENTERS})
    _shown: dict[Place, str] = field(default_factory=dict)
    _full: set[Place] = field(default_factory=set)
    _full_cuda: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stock(
        self,
        level: str,
        *,
        gpu: str | None = None,
        data_center: str | None = None,
        cloud: str | None = None,
        hidden: bool = False,
    ) -> None:
        """Set how much is free of a GPU, in a data centre, on a cloud; None means all of them. NONE can't be rented.

        hidden: the catalogue goes on showing what it showed: it is a hint, not a reservation.
        """
        assert level in LEVELS, level
        with self._lock:
            for place in self._places():
                if all(want in (None, is_) for want, is_ in zip((gpu, data_center, cloud), place, strict=True)):
                    (self._full.add if level == "NONE" else self._full.discard)(place)
                    if not hidden:
                        self._shown[place] = level

    def fill_cuda(self, gpu: str, version: str) -> None:
        """Let no host of this GPU type with this CUDA version be free."""
        self._full_cuda.add((gpu, version))

    def restock(self) -> None:
        """As after the start: everything is free."""
        with self._lock:
            self._shown.clear()
            self._full.clear()
            self._full_cuda.clear()

    def level(self, gpu: str, data_center: str, cloud: str) -> str:
        """The stock as the catalogue shows it."""
        none = cloud == "COMMUNITY" and self.gpus[gpu].community_usd is None
        return "NONE" if none else self._shown.get((gpu, data_center, cloud), "HIGH")

    def price_usd(self, gpu: str, cloud: str) -> float:
        """USD an hour for one."""
        type_ = self.gpus[gpu]
        return (type_.secure_usd if cloud == "SECURE" else type_.community_usd) or 0.0

    def placed(self, gpu: str, cloud: str, *, among: list[str], versions: list[str] | None) -> tuple[str, str] | None:
        """A data centre and the CUDA version of a host there, or None where nothing is free.

        among: data centres that will do; none means any. versions: CUDA versions that will do; None means any. Of
        those that will do the host with the oldest driver is given, as nobody promised a newer one.
        """
        for place in self._places():
            if place[0] == gpu and place[2] == cloud and place not in self._full and (not among or place[1] in among):
                for version in self.gpus[gpu].cuda or ("",):
                    if (gpu, version) not in self._full_cuda and (versions is None or version in versions):
                        return place[1], version
        return None

    def _places(self) -> list[Place]:
        return [
            (gpu.id, data_center, cloud)
            for gpu in self.gpus.values()
            for data_center in self.data_centers
            for cloud in CLOUDS
            if cloud == "SECURE" or gpu.community_usd is not None
        ]

    def gpu_json(self, gpu: Gpu, query: dict[str, str]) -> Json:
        """One GpuType; stock where `include` asks for it. Raises: Problem."""
        entry: Json = {
            "id": gpu.id,
            "name": gpu.name,
            "pool": gpu.pool,
            "manufacturer": gpu.manufacturer,
            "memory": gpu.memory_gb,
            "secure": True,
            "community": gpu.community_usd is not None,
            "price": {"secure": gpu.secure_usd, "community": gpu.community_usd or 0.0},
            "maxCount": {"secure": gpu.max_count, "community": gpu.max_count if gpu.community_usd else 0},
        }
        if not _wants(query, "AVAILABILITY"):
            return entry
        countries = query.get("countryCodes", "").split(",") if query.get("countryCodes") else None
        levels = {
            each.id: self.level(gpu.id, each.id, query.get("cloud", "SECURE"))
            for each in self.data_centers.values()
            if countries is None or each.country in countries
        }
        versions = cuda_versions(gpu.cuda, query)
        free = [(gpu.id, version) not in self._full_cuda for version in versions]
        fits = int(query.get("count", "1")) <= gpu.max_count and (any(free) or not gpu.cuda)
        entry["availability"] = max(levels.values(), key=LEVELS.index, default="NONE") if fits else "NONE"
        if entry["availability"] != "NONE":
            entry["dataCenters"] = [
                {"id": id_, "name": self.data_centers[id_].name, "availability": level} for id_, level in levels.items()
            ]
        if gpu.cuda:
            entry["cudaVersions"] = [
                {"version": version, "available": is_free} for version, is_free in zip(versions, free, strict=True)
            ]
        return entry

    def list_gpus(self, query: dict[str, str]) -> list[Json]:
        """`GET /v2/catalog/gpus`. Raises: Problem."""
        _check_stock_query(query)
        entries = [self.gpu_json(gpu, query) for gpu in self.gpus.values()]
        return [entry for entry in entries if "countryCodes" not in query or "dataCenters" in entry]

    def get_gpu(self, id_: str, query: dict[str, str]) -> Json:
        """`GET /v2/catalog/gpus/{id}`. Raises: Problem."""
        _check_stock_query(query)
        if id_ not in self.gpus:
            raise Problem(404, "resource not found")
        return self.gpu_json(self.gpus[id_], query)

    def data_center_json(self, each: DataCenter, query: dict[str, str]) -> Json:
        """One DataCenter; stock where `include` asks for it."""
        entry: Json = {
            "id": each.id,
            "name": each.name,
            "region": each.region,
            "globalNetwork": each.global_network,
            "networkVolumeTypes": list(each.volume_types),
            "compliance": list(each.compliance),
        }
        if _wants(query, "GPU_AVAILABILITY"):
            entry["gpuAvailability"] = [
                {"id": gpu.id, "name": gpu.name, "availability": self.level(gpu.id, each.id, "SECURE")}
                for gpu in self.gpus.values()
            ]
        return entry

    def list_data_centers(self, query: dict[str, str]) -> list[Json]:
        """`GET /v2/catalog/datacenters`: values of `regions` are alternatives, those of the others all needed."""
        entries = [self.data_center_json(each, query) for each in self.data_centers.values()]
        if regions := _values(query, "regions"):
            entries = [entry for entry in entries if entry["region"] in regions]
        for name, key in (("compliance", "compliance"), ("networkVolumeTypes", "networkVolumeTypes")):
            entries = [entry for entry in entries if set(_values(query, name)) <= set(entry[key])]
        if "globalNetwork" in query:
            entries = [entry for entry in entries if entry["globalNetwork"] == (query["globalNetwork"] == "true")]
        return entries


def cuda_versions(offered: tuple[str, ...], wishes: dict[str, Any]) -> list[str]:
    """Those offered that `cudaVersions` or `minCudaVersion` of a query, or `allowedCudaVersions` of a body, admit."""
    exact = wishes.get("allowedCudaVersions") or _values(wishes, "cudaVersions")
    floor = wishes.get("minCudaVersion", "0.0")
    return [each for each in offered if (not exact or each in exact) and numbers(each) >= numbers(floor)]


def numbers(version: str) -> tuple[int, ...]:
    """12.11 is above 12.2."""
    return tuple(map(int, version.split(".")))


def _values(query: dict[str, Any], name: str) -> list[str]:
    return [value for value in query.get(name, "").split(",") if value]


def _wants(query: dict[str, str], what: str) -> bool:
    return what in _values(query, "include")


def _check_stock_query(query: dict[str, str]) -> None:
    wanted = _wants(query, "AVAILABILITY")
    if wanted and not query.get("product"):
        raise Problem(400, "product is required with include=AVAILABILITY")
    only_with_stock = {"product", "count", "cloud", "countryCodes", "cudaVersions", "minCudaVersion"} & set(query)
    if not wanted and only_with_stock:
        raise Problem(400, f"{sorted(only_with_stock)[0]} is valid only with include=AVAILABILITY")
    if "cudaVersions" in query and "minCudaVersion" in query:
        raise Problem(400, "cudaVersions and minCudaVersion are mutually exclusive")
    malformed = [
        *(each for each in _values(query, "product") if each not in ("POD", "CLUSTER", "SERVERLESS")),
        *(each for each in _values(query, "cloud") if each not in CLOUDS),
        *(each for each in _values(query, "countryCodes") if not re.fullmatch("[A-Z]{2}", each)),
        *(
            each
            for each in _values(query, "cudaVersions") + _values(query, "minCudaVersion")
            if not re.fullmatch(r"\d+\.\d+", each)
        ),
        *(each for each in _values(query, "count") if not re.fullmatch("[1-9][0-9]*", each)),
    ]
    if malformed:
        raise Problem(422, "Request validation failed.", f"query: {malformed[0]!r} is not valid")
