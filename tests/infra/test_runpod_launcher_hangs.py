"""The launcher where what it asks never ends its answer, or what it was given is no use: the pod is ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PATIENCE_S = 30.0
LAUNCH = """
import os
from infra.runpod import launcher
launcher.LATE_S, launcher.PREFLIGHT_S, launcher.GRACE_S = 0.5, 1.0, 0.2
launcher.Launcher(os.environ, ["true"]).run()
"""


class Both(ThreadingHTTPServer):
    """Prefect and RunPod at one address: a run that waits for this pod, and an end that is noted."""

    drips = False
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.ended, self.said = threading.Event(), list[str]()
        self.heard = Message()
        """The headers of the last question."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Both

    def do_GET(self) -> None:
        self.server.heard = self.headers
        run = b'{"state": {"type": "PENDING"}, "infrastructure_pid": "pod-1"}'
        self.send_response(200)
        self.send_header("Content-Length", str(10**6 if self.server.drips else len(run)))
        self.end_headers()
        while self.server.drips and not self.server.ended.wait(0.1):
            self.wfile.write(b" ")
        self.wfile.write(run)

    def do_POST(self) -> None:
        self.server.said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path == "/v2/pods/pod-1/action":
            self.server.ended.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def both() -> Iterator[Both]:
    with Both() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ends(both: Both, folder: Path, deadline_s: float, **env: str) -> bool:
    """Whether the launcher has its pod ended; a hang guard."""
    said = {
        "RUNPOD_POD_ID": "pod-1",
        "PREFECT_API_URL": both.url,
        "PREFECT__FLOW_RUN_ID": "run-1",
        "PREFECT_RUNPOD_API": both.url,
        "PREFECT_RUNPOD_DEADLINE": str(int(time.time() + deadline_s)),
        "TMPDIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())]),
    }
    process = subprocess.Popen([sys.executable, "-c", LAUNCH], env={**os.environ, **said, **env})
    try:
        return both.ended.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()


def test_pod_is_ended_after_its_deadline_though_the_launcher_itself_hangs(both: Both, tmp_path: Path):
    both.drips = True
    assert ends(both, tmp_path, deadline_s=2.0)


def test_preflight_that_hangs_is_ended_and_the_run_told_why(both: Both, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\nif '--report' in sys.orig_argv:\n    time.sleep(600)\n"
    )
    assert ends(both, tmp_path, deadline_s=600.0, HLADVARP_PREFLIGHT="gpu")
    assert any("CRASHED" in each and "preflight did not end within" in each for each in both.said)


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ("leyndarmal", "is no JSON"),
        ('["leyndarmal"]', "is a JSON list and no object"),
        ('"leyndarmal"', "is a JSON str and no object"),
        ("[]", "is a JSON list and no object"),
        ("17", "is a JSON int and no object"),
        ('{"CF-Access-Client-Id": 17, "CF-Access-Client-Secret": "leyndarmal"}', "holds a int"),
        ('{"CF-Access-Client-Secret": "leyndarmal\\n"}', "holds a character"),
    ],
)
def test_headers_that_are_none_crash_the_run_with_a_word_on_them_and_the_pod_is_ended(
    both: Both, tmp_path: Path, headers: str, complaint: str
):
    assert ends(both, tmp_path, deadline_s=600.0, PREFECT_CLIENT_CUSTOM_HEADERS=headers)
    (crash,) = [each for each in both.said if "CRASHED" in each]
    assert f"PREFECT_CLIENT_CUSTOM_HEADERS {complaint}" in crash
    assert "leyndarmal" not in crash


@pytest.mark.parametrize("headers", ["", "null", "{}", '{"CF-Access-Client-Id": "17"}'])
def test_headers_that_are_some_are_sent_to_prefect(both: Both, tmp_path: Path, headers: str):
    assert ends(both, tmp_path, deadline_s=600.0, PREFECT_CLIENT_CUSTOM_HEADERS=headers)
    assert both.heard.get("CF-Access-Client-Id") == ("17" if "17" in headers else None)
    assert "custom" not in " ".join(both.said).lower()
