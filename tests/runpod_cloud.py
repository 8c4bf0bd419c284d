"""The pods of the stand-in RunPod: made, listed, changed, ended; and never forgotten."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from runpod_account import Account, Key, new_id
from runpod_book import Book, Fate, Json
from runpod_container import Image
from runpod_life import Ground, Timing, Turn
from runpod_order import order, started_by
from runpod_pod import ACTIONS, Pod
from runpod_wire import Problem

RESTARTS_CONTAINER = frozenset({"image", "args", "entrypoint", "cmd", "env", "disk", "ports", "registry", "mounts"})


class Cloud:
    """All pods of one account."""

    def __init__(self, account: Account, book: Book, timing: Timing, folder: Path) -> None:
        self.account, self.timing = account, timing
        self.images: dict[str, Image] = {}
        self.pods: dict[str, Pod] = {}
        """Every pod ever made, by id, in the order of their creation."""
        self.balance_usd = 100.0
        self.hides_new_for_s = 0.0
        self.keeps_disk = False
        self._book, self._folder = book, folder
        self._lock = threading.Lock()

    def find(self, id_: str) -> Pod:
        """A pod that GET finds. Raises: Problem."""
        pod = self.pods.get(id_)
        if pod is None or not pod.is_seen(time.time()) or self._is_hidden(pod):
            raise Problem(404, "resource not found")
        return pod

    def create(self, body: Json, made_by: str) -> Pod:
        """Raises: Problem."""
        made = order(body, self.account)
        fate = self._book.fate_for_next_pod()
        price_usd = made.compute_usd_per_h * (3 if fate is not None and fate.kind == "dearer" else 1)
        if self.balance_usd < price_usd:
            raise Problem(402, "insufficient balance: at least one hour of credit is needed")
        pod_id = new_id()
        key = self.account.new_key(Key(f"pod {pod_id}", pod_id=pod_id))
        return self._add(Pod(pod_id, made.config, price_usd, key, made_by, fate))

    def foreign(self, name: str) -> Pod:
        """A pod that somebody else of the account made by hand in the console: running, and none of our business."""
        self.images.setdefault("someone/else:1", Image(("sleep", "86400")))
        body = {"name": name, "image": "someone/else:1", "gpu": {"id": "NVIDIA L40", "count": 1}, "ports": ["22/tcp"]}
        made = order(body, self.account)
        pod_id = new_id()
        key = self.account.new_key(Key(f"pod {pod_id}", pod_id=pod_id))
        return self._add(Pod(pod_id, made.config, made.compute_usd_per_h, key, "console", None))

    def _add(self, pod: Pod) -> Pod:
        with self._lock:
            self.pods[pod.id] = pod
        Turn(pod, self._ground(pod))
        return pod

    def listed(self, query: dict[str, str]) -> Json:
        """One page, newest first. Raises: Problem."""
        now_s = time.time()
        with self._lock:
            pods = [pod for pod in reversed(self.pods.values()) if pod.is_seen(now_s) and not self._is_hidden(pod)]
        limit = query.get("limit", "1000")
        if not limit.isdigit() or not 1 <= int(limit) <= 1000:
            raise Problem(422, "Request validation failed.", f"limit: {limit!r} is not from 1 to 1000")
        if cursor := query.get("cursor"):
            last_s = _unwrapped(cursor)
            pods = [pod for pod in pods if pod.made_at_s < last_s]
        page, more = pods[: int(limit)], len(pods) > int(limit)
        next_ = _wrapped(page[-1].made_at_s) if more else None
        return {"pods": [pod.json() for pod in page], "pagination": {"hasNextPage": more, "nextCursor": next_}}

    def delete(self, id_: str, by: str, *, really: bool = True) -> None:
        """Raises: Problem."""
        pod = self.find(id_)
        if really and pod.end(by, seen_for_s=self.timing.gone_s) and pod.turn is not None:
            pod.turn.end(politely=True)

    def act(self, id_: str, action: str, by: str, *, really: bool = True) -> Pod | None:
        """Start, stop, restart, or terminate: None. Raises: Problem."""
        pod = self.find(id_)
        if action not in ACTIONS[pod.status] or (action == "stop" and pod.config["locked"]):
            raise Problem(409, f"action {action} is not valid for a pod that is {pod.status}")
        if action == "terminate":
            self.delete(id_, by, really=really)
            return None
        assert pod.turn is not None
        if action == "stop":
            pod.turn.end(politely=True)
            with pod.lock:
                pod.up_since_s = None
                pod.to("EXITED")
        elif action == "restart":
            pod.turn.restart()
        else:
            Turn(pod, self._ground(pod))
        return pod

    def update(self, id_: str, body: Json) -> Pod:
        """Change the fields that are given; what concerns the container restarts it. Raises: Problem."""
        pod = self.find(id_)
        if set(body.get("mounts", {})) - set(pod.config["mounts"]):
            raise Problem(400, "the kind of a mount can't be changed")
        changes = {name: value for name, value in body.items() if name not in ("templateId", "globalNetworking")}
        if {"args", "entrypoint", "cmd"} & set(body):
            entrypoint, cmd, changes["args"] = started_by(body)
            changes |= {"entrypoint": entrypoint, "cmd": cmd}
        with pod.lock:
            pod.config.update(changes)
        if RESTARTS_CONTAINER & set(body) and pod.status == "RUNNING" and pod.turn is not None:
            pod.turn.restart()
        return pod

    def strike(self, id_: str, kind: str) -> None:
        """Let a fate that comes after RUNNING come now."""
        turn = self.pods[id_].turn
        assert turn is not None
        turn.strike(kind)

    def doom(self, fate: Fate) -> None:
        """Decide what becomes of the next pods."""
        self._book.add(fate)

    def close(self) -> None:
        """End every process of every pod."""
        for pod in list(self.pods.values()):
            if pod.turn is not None:
                pod.turn.end(politely=False)

    def _is_hidden(self, pod: Pod) -> bool:
        return time.time() - pod.made_at_s < self.hides_new_for_s

    def _ground(self, pod: Pod) -> Ground:
        mounts = pod.config["mounts"]
        folders = {each["path"]: self.account.volume_folder(each["volumeId"]) for each in mounts.get("network", [])}
        if "persistent" in mounts:
            folders[mounts["persistent"]["path"]] = self.account.volume_folder(f"pod-{pod.id}")
        return Ground(
            timing=self.timing,
            images=self.images,
            disk=self._folder / pod.id,
            mounts=folders,
            environment=lambda: {**self.account.resolved(pod.env), **injected(pod)},
            keeps_disk=self.keeps_disk,
        )


def injected(pod: Pod) -> dict[str, str]:
    """What RunPod adds to a pod's environment; here it wins over the pod's own, which nobody documents."""
    size = pod.config.get("gpu") or pod.config["cpu"]
    network = pod.config["mounts"].get("network") or []
    return {
        "RUNPOD_POD_ID": pod.id,
        "RUNPOD_API_KEY": pod.key,
        "RUNPOD_POD_HOSTNAME": f"{pod.id}-64411eb2",
        "RUNPOD_DC_ID": pod.config["dataCenterId"],
        "RUNPOD_GPU_COUNT": str(pod.config.get("gpu", {}).get("count", 0)),
        "RUNPOD_CPU_COUNT": str(size["vcpuCount"]),
        "RUNPOD_PUBLIC_IP": "127.0.0.1",
        "RUNPOD_TCP_PORT_22": "22022",
        "CUDA_VERSION": pod.config["cudaVersion"] or "",
        "PYTORCH_VERSION": "",
        **({"RUNPOD_VOLUME_ID": network[0]["volumeId"]} if network else {}),
    }


SALT = secrets.token_hex(4)


def _wrapped(last_s: float) -> str:
    return base64.urlsafe_b64encode(json.dumps([SALT, last_s]).encode()).decode()


def _unwrapped(cursor: str) -> float:
    try:
        salt, last_s = json.loads(base64.urlsafe_b64decode(cursor))
        if salt == SALT:
            return float(last_s)
    except (ValueError, TypeError):
        pass
    raise Problem(422, "Request validation failed.", "cursor: is malformed or foreign")


def ledger(pods: Iterator[Pod]) -> str:
    """A table: a line for each pod, and the sum."""
    lines = [f"{'pod':<11}{'name':<46}{'made by':<10}{'status':<13}{'ended by':<16}{'starts':>6}{'s':>8}{'USD':>9}"]
    total_usd, left = 0.0, 0
    for pod in pods:
        total_usd, left = total_usd + pod.cost_usd, left + pod.is_left
        lines.append(
            f"{pod.id:<11}{pod.name[:45]:<46}{pod.made_by:<10}{pod.status:<13}{pod.ended_by or 'nobody':<16}"
            f"{pod.starts:>6}{pod.alive_s:>8.1f}{pod.cost_usd:>9.5f}"
        )
    return "\n".join([*lines, f"{len(lines) - 1} made, {left} left over, {total_usd:.5f} USD"])
