"""What RunPod's API v2 takes and gives, as far as we use it. Unknown fields and statuses are read, never refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Cloud = Literal["SECURE", "COMMUNITY"]

ENDED = frozenset({"TERMINATED"})
STOPPED = frozenset({"EXITED", "ERROR"})

LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")
"""Of stock."""

LONGEST_NAME = 60  # v1 took 191; dstack found 60 to be safe


class Answer(BaseModel):
    """A part of an answer; what is new to us is left out."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, extra="ignore")


class Runtime(Answer):
    """What the host tells of a container; an empty object and null both mean that there is none yet."""

    uptime: int = 0
    """Whole seconds since the container's last start; it falls when RunPod starts the container again."""


class Pod(Answer):
    """One pod as RunPod sees it."""

    id: str
    name: str = ""
    status: str = ""
    """PROVISIONING, STARTING, RUNNING, EXITED, ERROR, TERMINATED, or something that we don't know yet."""
    env: dict[str, str] = Field(default_factory=dict)
    """As it was asked for: secrets are references."""
    image: str = ""
    cost_usd_per_h: float = Field(default=0.0, alias="cost")
    """With the container's disk; 0 for a stopped pod."""
    gpu_type: str = Field(default="", validation_alias=AliasPath("gpu", "id"))
    cloud: str = ""
    data_center_id: str | None = None
    runtime: Runtime | None = None
    created_at: datetime | None = None

    @property
    def uptime_s(self) -> int:
        """Seconds since its container started; 0 where none runs."""
        return self.runtime.uptime if self.runtime is not None else 0

    @property
    def console_url(self) -> str:
        """Where a person sees it."""
        return f"https://console.runpod.io/pods?id={self.id}"

    @property
    def age_key(self) -> tuple[str, str]:
        """Sorts the oldest first, the same way for everybody who looks."""
        return (self.created_at.isoformat() if self.created_at else "9", self.id)


class PodRequest(BaseModel):
    """The body of a creation: what we ask for, and no field more, as RunPod refuses what it doesn't know."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    image: str
    gpu_type: str
    gpu_count: int = 1
    min_cuda: str
    cloud: Cloud
    data_center_ids: tuple[str, ...] = ()
    disk_gb: int
    volume_id: str = ""
    volume_path: str = ""
    registry: str = ""
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: dict[str, str]

    def body(self) -> dict[str, Any]:
        """As JSON. `count` is always said: without it every creation finds no instance (runpod-mcp, 2026-08-04)."""
        body: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "cloud": self.cloud,
            "gpu": {"id": self.gpu_type, "count": self.gpu_count, "minCudaVersion": self.min_cuda},
            "disk": self.disk_gb,
            "entrypoint": list(self.entrypoint),
            "cmd": list(self.cmd),
            "env": self.env,
        }
        if self.data_center_ids:
            body["dataCenterIds"] = list(self.data_center_ids)
        if self.volume_id:
            body["mounts"] = {"network": [{"volumeId": self.volume_id, "path": self.volume_path}]}
        if self.registry:
            body["registry"] = self.registry
        return body


class Site(Answer):
    """One data centre's stock of a GPU type."""

    id: str
    availability: str = "NONE"


class Offer(Answer):
    """One GPU type in the catalogue, with its stock for the question that was asked."""

    id: str
    memory_gb: int = Field(default=0, validation_alias="memory")
    secure_usd_per_h: float = Field(default=0.0, validation_alias=AliasPath("price", "secure"))
    community_usd_per_h: float = Field(default=0.0, validation_alias=AliasPath("price", "community"))
    availability: str = "NONE"
    """NONE, LOW, MEDIUM, HIGH: a hint, no reservation."""
    data_centers: tuple[Site, ...] = ()

    def stock(self, data_center_ids: tuple[str, ...]) -> str:
        """The most that one of these data centres has; of none named, the most that any has."""
        if not data_center_ids or not self.data_centers:
            return self.availability
        there = [site.availability for site in self.data_centers if site.id in data_center_ids]
        return max(there, key=lambda level: LEVELS.index(level) if level in LEVELS else 0, default="NONE")

    def usd_per_h(self, cloud: Cloud) -> float:
        """For one GPU; 0 where the catalogue names no price."""
        return self.secure_usd_per_h if cloud == "SECURE" else self.community_usd_per_h


class DataCenter(Answer):
    """Where pods can stand."""

    id: str
    name: str = ""
    region: str = ""
    compliance: tuple[str, ...] = ()


class NetworkVolume(Answer):
    """A disk that outlives pods, in one data centre."""

    id: str
    name: str = ""
    size_gb: int = Field(default=0, validation_alias="size")
    data_center: str = ""


class Registry(Answer):
    """The credential for a private registry of images; RunPod shows its name alone."""

    id: str
    name: str = ""


class Secret(Answer):
    """A value that RunPod fills into environments; its name alone is ever shown."""

    name: str = ""


class Bill(Answer):
    """What a pod has cost in one bucket of time, as settled."""

    pod_id: str = ""
    from_: datetime | None = Field(default=None, validation_alias="startTime")
    """The bucket's begin."""
    total_usd: float = Field(default=0.0, validation_alias="totalAmount")


class LogLine(Answer):
    """One line of a pod's log."""

    source: str = "container"
    """`container`: what runs in it; `system`: what its host does with it."""
    line: str = ""
