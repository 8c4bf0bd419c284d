"""One pod of the stand-in RunPod: what was asked for, how it is now, and what it has cost."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runpod_book import Fate, Json
from runpod_logs import Log, rfc3339

if TYPE_CHECKING:
    from runpod_life import Turn

HOUR_S = 3600.0
MONTH_H = 30 * 24
DISK_USD = 0.10
"""A GB of container or volume disk for a month; a stopped pod's volume costs twice as much."""

ACTIONS = {
    "PROVISIONING": ("stop", "terminate"),
    "STARTING": ("stop", "terminate"),
    "RUNNING": ("stop", "restart", "terminate"),
    "EXITED": ("start", "terminate"),
    "ERROR": ("start", "terminate"),
    "TERMINATED": (),
}
PAID = frozenset({"PROVISIONING", "STARTING", "RUNNING", "ERROR"})


@dataclass(frozen=True)
class Rate:
    """What a pod costs from a moment on, in USD an hour."""

    from_s: float
    compute_usd: float
    disk_usd: float


@dataclass
class Pod:
    """A pod, from its creation to long after its end: the ledger is a list of these."""

    id: str
    config: Json
    """Every field of the answer that neither changes by itself nor follows from the others."""
    compute_usd_per_h: float
    key: str
    """The key that its container gets."""
    made_by: str
    """The name of the key that made it."""
    fate: Fate | None
    made_at_s: float = field(default_factory=time.time)
    log: Log = field(default_factory=Log)
    lock: threading.RLock = field(default_factory=threading.RLock)
    status: str = "PROVISIONING"
    statuses: list[str] = field(default_factory=lambda: ["PROVISIONING"])
    """Every status that it had, in order."""
    started_at_s: float | None = None
    up_since_s: float | None = None
    """When its container started, as far as it runs just now."""
    starts: int = 0
    """How often its container was started."""
    ended_at_s: float | None = None
    ended_by: str = ""
    """The name of the key that ended it: `pod <id>` for itself; `vanished` where nobody did."""
    hidden_from_s: float = float("inf")
    """When GET and the list stop to know it."""
    turn: Turn | None = None
    rates: list[Rate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._charge()

    @property
    def name(self) -> str:
        name: str = self.config["name"]
        return name

    @property
    def env(self) -> dict[str, str]:
        """As asked for: secrets are still references."""
        env: dict[str, str] = self.config["env"]
        return env

    @property
    def is_left(self) -> bool:
        """Whether nobody ended it yet; also a stopped pod is left over."""
        return self.ended_at_s is None

    @property
    def alive_s(self) -> float:
        """Seconds from its creation to its end, or to now."""
        return (self.ended_at_s or time.time()) - self.made_at_s

    @property
    def cost_usd(self) -> float:
        """What it has cost so far."""
        return sum(self.cost_between(self.made_at_s, time.time()))

    def is_seen(self, now_s: float) -> bool:
        """Whether GET finds it."""
        return now_s < self.hidden_from_s

    def to(self, status: str) -> None:
        """Change the status, and what it costs."""
        with self.lock:
            self.status = status
            self.statuses.append(status)
            self._charge()

    def end(self, by: str, *, seen_for_s: float) -> bool:
        """Note the end; False where it had ended before."""
        with self.lock:
            if self.ended_at_s is not None:
                return False
            self.ended_at_s, self.ended_by = time.time(), by
            self.hidden_from_s = self.ended_at_s + seen_for_s
            self.up_since_s = None
            self.to("TERMINATED")
            return True

    @property
    def cost_usd_per_h(self) -> float:
        """The answer's `cost`: with the container's disk, and nothing for a stopped pod though its volume is paid."""
        return round(self.rates[-1].compute_usd + self.rates[-1].disk_usd, 5) if self.status in PAID else 0.0

    def cost_between(self, from_s: float, until_s: float) -> tuple[float, float]:
        """USD for compute and for disk."""
        compute_usd = disk_usd = 0.0
        ends = [rate.from_s for rate in self.rates[1:]] + [float("inf")]
        for rate, end_s in zip(list(self.rates), ends, strict=False):
            hours = max(0.0, min(end_s, until_s) - max(rate.from_s, from_s)) / HOUR_S
            compute_usd += hours * rate.compute_usd
            disk_usd += hours * rate.disk_usd
        return compute_usd, disk_usd

    def _charge(self) -> None:
        volume_gb = self.config["mounts"].get("persistent", {}).get("size", 0)
        if self.status in PAID:
            rate = (self.compute_usd_per_h, (self.config["disk"] + volume_gb) * DISK_USD / MONTH_H)
        elif self.status == "EXITED":
            rate = (0.0, 2 * volume_gb * DISK_USD / MONTH_H)
        else:
            rate = (0.0, 0.0)
        self.rates.append(Rate(time.time(), *rate))

    def json(self) -> Json:
        """The specification's Pod."""
        with self.lock:
            fate = self.fate.kind if self.fate is not None else ""
            status = "MIGRATING" if fate == "unknown_status" and self.status == "RUNNING" else self.status
            return {
                **self.config,
                "id": self.id,
                "status": status,
                "actions": list(ACTIONS[self.status]),
                "cost": self.cost_usd_per_h,
                "ssh": {"proxy": self._ssh_proxy(), "direct": None},
                "template": None,
                "runtime": self._runtime(),
                "createdAt": rfc3339(self.made_at_s),
                "startedAt": rfc3339(self.started_at_s) if self.started_at_s else None,
            }

    def _ssh_proxy(self) -> Json | None:
        if self.status == "PROVISIONING":
            return None
        user = f"{self.id}-64411eb2"
        return {"host": "ssh.runpod.io", "port": 22, "username": user, "command": f"ssh {user}@ssh.runpod.io"}

    def _runtime(self) -> Json | None:
        if self.status == "PROVISIONING":
            return {}  # by the example of a creation; by the schema it is null
        if self.status != "RUNNING":
            return None
        if self.up_since_s is None:
            return {"uptime": 0, "ports": []}
        return {
            "uptime": int(time.time() - self.up_since_s),
            "gpus": [{"util": 0, "memoryUtil": 0}] * self.config.get("gpu", {}).get("count", 0),
            "cpu": {"util": 1},
            "memory": {"util": 2},
            "ports": [
                {"private": int(port.split("/")[0]), "public": None, "type": port.split("/")[1], "ip": None}
                for port in self.config["ports"]
            ],
        }
