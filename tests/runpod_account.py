"""What an account of the stand-in RunPod owns besides pods: keys, volumes, registry credentials, secrets, templates."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from runpod_book import Json
from runpod_catalog import Catalog
from runpod_container import CannotStart
from runpod_logs import rfc3339
from runpod_wire import Problem

SECRET = re.compile(r"\{\{\s*RUNPOD_SECRET_([\w.\-/]+)\s*\}\}")


def new_id() -> str:
    """Like RunPod's: ten small letters and digits."""
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(10))


@dataclass(frozen=True)
class Key:
    """Whose key it is, and what it may do."""

    name: str
    writes: bool = True
    pod_id: str = ""
    """The only pod that it may ask for and end; empty for an account's key."""


@dataclass
class Account:
    """One user's belongings."""

    catalog: Catalog
    folder: Path
    """Below it lies a folder for each network volume."""
    keys: dict[str, Key] = field(default_factory=dict)
    volumes: dict[str, Json] = field(default_factory=dict)
    registries: dict[str, Json] = field(default_factory=dict)
    templates: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Json] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def new_key(self, key: Key) -> str:
        """A token by which its bearer is known as this."""
        token = f"rpa_{secrets.token_hex(20).upper()}"
        with self._lock:
            self.keys[token] = key
        return token

    def volume_folder(self, volume_id: str) -> Path:
        """Where a volume's files lie on this machine."""
        folder = self.folder / volume_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def find(self, kind: str, id_: str) -> Json:
        """One of `volumes`, `registries`, `templates`, `secrets`. Raises: Problem."""
        found: dict[str, Json] = getattr(self, kind)
        if id_ not in found:
            raise Problem(404, "resource not found")
        return found[id_]

    def drop(self, kind: str, id_: str) -> None:
        """Delete it. Raises: Problem."""
        self.find(kind, id_)
        getattr(self, kind).pop(id_)

    def create_volume(self, body: Json) -> Json:
        """Raises: Problem."""
        center = self.catalog.data_centers.get(body["dataCenter"])
        types = center.volume_types if center is not None else ()
        type_ = body.get("type") or (types[0] if types else "")
        if type_ not in types:
            raise Problem(400, f"data center {body['dataCenter']} does not support this network volume")
        volume = {"id": new_id(), **body, "type": type_}
        return self.volumes.setdefault(volume["id"], volume)

    def update_volume(self, id_: str, body: Json) -> Json:
        """Raises: Problem."""
        volume = self.find("volumes", id_)
        if body.get("size", volume["size"]) < volume["size"]:
            raise Problem(400, "network volume size cannot be reduced")
        volume.update(body)
        return volume

    def create_registry(self, body: Json) -> Json:
        """The name alone is ever shown again."""
        registry = {"id": new_id(), "name": body["name"]}
        return self.registries.setdefault(registry["id"], registry)

    def create_template(self, body: Json) -> Json:
        """With everything that the specification fills in."""
        filled = {
            "args": "",
            "disk": 50,
            "mounts": {},
            "ports": [],
            "env": {},
            "registry": None,
            "serverless": False,
            "public": False,
            "category": "NVIDIA",
            "startSsh": True,
            "startJupyter": True,
            "allowedCudaVersions": [],
        }
        template = {"id": new_id(), **filled, **body}
        return self.templates.setdefault(template["id"], template)

    def create_secret(self, body: Json, now_s: float) -> Json:
        """The value is never shown again. Raises: Problem."""
        if any(each["name"] == body["name"] for each in self.secrets.values()):
            raise Problem(400, f"a secret named {body['name']} exists")
        stamps = {"createdAt": rfc3339(now_s), "valueLastUpdatedAt": rfc3339(now_s)}
        secret = {"id": new_id(), "name": body["name"], "description": body.get("description", ""), **stamps}
        self._values[body["name"]] = body["value"]
        return self.secrets.setdefault(secret["id"], secret)

    def resolved(self, env: dict[str, str]) -> dict[str, str]:
        """The variables with their secrets' values. Raises: CannotStart."""
        names = {secret["name"] for secret in self.secrets.values()}

        def value(match: re.Match[str]) -> str:
            if match[1] not in names:
                raise CannotStart(f"secret {match[1]} not found")
            return self._values[match[1]]

        return {name: SECRET.sub(value, text) for name, text in env.items()}
