"""What Docker's health check says of a container."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

from infra.health import troubles


class Answer(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def troubles_with(status: int, folder: Path) -> list[str]:
    handler = type("Handler", (Answer,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {"PREFECT_API_URL": f"http://127.0.0.1:{server.server_port}/api", "HLADVARP_SCRATCH": str(folder)}
        try:
            return troubles(env)
        finally:
            server.shutdown()


def test_a_container_is_well_where_its_server_answers_and_its_folders_can_be_written(tmp_path: Path):
    assert troubles_with(200, tmp_path) == []
    assert troubles_with(401, tmp_path) == []  # there, and it wants a key


def test_a_container_is_ill_where_its_server_is_down_or_a_folder_is_gone(tmp_path: Path):
    (said,) = troubles_with(503, tmp_path)
    assert "answers 503" in said
    said = troubles({"PREFECT_API_URL": "http://127.0.0.1:9/api", "HLADVARP_MODELS": "/no/such/folder"})
    assert [each.split(":")[0] for each in said] == ["models", "Prefect API"]
