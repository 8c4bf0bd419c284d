"""A real S3 server for tests: SeaweedFS on 127.0.0.1, with keys that it enforces."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import s3fs
from pydantic import SecretStr

from blocks.storage import S3Access

KEY, SECRET, BUCKET = "testkey", "testsecret", "podcasts"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; SeaweedFS takes port + 10000 for gRPC too, so both must be free."""
    held, ports = [], []
    while len(ports) < count:
        port = 20000 + int.from_bytes(os.urandom(2), "big") % 20000
        pair = [socket.socket(), socket.socket()]
        held += pair
        try:
            pair[0].bind(("127.0.0.1", port))
            pair[1].bind(("127.0.0.1", port + 10000))
            ports.append(port)
        except OSError:
            continue
    for each in held:
        each.close()
    return ports


def weed_binary() -> str | None:
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@dataclass
class S3Server:
    """One server with its data in `folder`; it can be killed and started again on the same ports."""

    folder: Path
    ports: list[int] = field(default_factory=lambda: free_ports(4))
    process: subprocess.Popen[bytes] | None = None
    clients: dict[object, s3fs.S3FileSystem] = field(default_factory=dict)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def access(self) -> S3Access:
        return S3Access(
            endpoint_url=self.endpoint_url,
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SecretStr(SECRET),
        )

    def filesystem(self) -> s3fs.S3FileSystem:
        """A client of the tests' own, to look at what the product did."""
        if self.process in self.clients:
            return self.clients[self.process]
        self.clients[self.process] = s3fs.S3FileSystem(
            key=KEY,
            secret=SECRET,
            client_kwargs={"endpoint_url": self.endpoint_url, "region_name": "us-east-1"},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        return self.clients[self.process]

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        identity = {
            "name": "test",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}))
        s3_port, master, volume, filer = self.ports
        options = {
            "dir": self.folder,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "s3.config": config,
            "s3.port": s3_port,
            "s3.ip.bind": "127.0.0.1",
            "s3.autoCreateBucket": "false",
            "s3.iam": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "master.port": master,
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "master.volumePreallocate": "false",
            "volume.port": volume,
            "volume.max": 1000,
            "filer.port": filer,
        }
        command = [str(weed_binary()), "server", "-s3", *(f"-{key}={value}" for key, value in options.items())]
        with (self.folder / "weed.log").open("ab") as output:
            # Every bucket is a collection of its own; seven volumes for each, the default, take seconds to make.
            environment = os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=environment, start_new_session=True
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                filesystem = self.filesystem()
                filesystem.call_s3("list_buckets")
                if not filesystem.exists(BUCKET):
                    filesystem.call_s3("create_bucket", Bucket=BUCKET)
                filesystem.pipe_file(f"{BUCKET}/ready", b"yes")  # the volume server comes up last
                return
            except OSError:
                time.sleep(0.3)
            except Exception as error:  # botocore has a tree of its own
                if "Endpoint" not in type(error).__name__ and "Connect" not in type(error).__name__:
                    raise
                time.sleep(0.3)
        raise RuntimeError(f"SeaweedFS did not start: {(self.folder / 'weed.log').read_text()[-2000:]}")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def fresh_folder(self) -> str:
        """Give "bucket/prefix" that nobody used before."""
        return f"{BUCKET}/{uuid.uuid4().hex[:12]}"

    def access_with(self, **changes: object) -> S3Access:
        """The server's access with other values."""
        return dataclasses.replace(self.access, **changes)  # type: ignore[arg-type]

    def head(self, path: str) -> dict[str, Any]:
        """What the server tells of "bucket/key"."""
        bucket, _, key = path.partition("/")
        answer: dict[str, Any] = self.filesystem().call_s3("head_object", Bucket=bucket, Key=key)
        return answer

    def uploads(self, folder: str) -> list[str]:
        """Keys of uploads below "bucket/prefix" that have begun and not ended."""
        bucket, _, prefix = folder.partition("/")
        answer = self.filesystem().call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{prefix}/")
        return sorted(upload["Key"] for upload in answer.get("Uploads", ()))
