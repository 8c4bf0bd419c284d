"""A studio of its own for every test: settings, store, results, published folder; one Prefect server for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings
from prefect_server import serving

from blocks.settings import load_settings
from deployments.bootstrap import bootstrap
from flows.episode import produce_episode
from tasks.schemas import EpisodeManifest, EpisodeRequest

SCRIPT = """# Surtsey

## **[Intro: Eyjan]**

🎙 **Kynnir:** Velkomin. Gosið hófst 14. nóvember 1963 kl. 7:15.

👨‍💻 **Gestur:** Já, og eyjan varð 2,7 km² að stærð.

## **[Outro: Kveðja]**

🎙 **Kynnir:** Takk fyrir, og bless.
"""


@dataclass(frozen=True)
class Studio:
    """Where a test's episodes come from and go to."""

    folder: Path

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def script(self, text: str = SCRIPT, name: str = "surtsey.md") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def produce(self, source: Path, **request: object) -> EpisodeManifest:
        return asyncio.run(produce_episode(EpisodeRequest(source=str(source), **request)))


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    with serving():
        asyncio.run(bootstrap())
        yield


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def studio(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None
) -> Iterator[Studio]:
    monkeypatch.setenv("HLADVARP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HLADVARP_MODELS", str(models_folder))
    monkeypatch.setenv("HLADVARP_PUBLISH_TO", str(tmp_path / "published"))
    monkeypatch.setenv("HLADVARP_INBOX__FOLDER", str(tmp_path / "inbox"))
    monkeypatch.setenv("HLADVARP_INBOX__SETTLE_S", "0.5")
    load_settings.cache_clear()
    with temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: tmp_path / "results"}):
        yield Studio(tmp_path)
    load_settings.cache_clear()
