import asyncio
import time
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from blocks.settings import load_settings
from flows.episode import produce_episode
from flows.inbox import sweep_inbox


@pytest.fixture(scope="module")
def deployment(prefect_server: None) -> None:
    produce_episode.from_source(str(Path(__file__).parents[2]), "flows.episode.produce_episode").deploy(
        name="produce-episode", work_pool_name="local", print_next_steps=False, build=False, push=False
    )


@pytest.fixture
def inbox(studio, deployment) -> Path:
    folder = load_settings().inbox_folder
    folder.mkdir()
    return folder


def drop(folder: Path, name: str, text: str = "Þetta er prufa.") -> Path:
    path = folder / name
    path.write_text(text)
    time.sleep(0.6)
    return path


async def runs() -> list[FlowRun]:
    async with get_client() as client:
        found = await client.read_flow_runs()
    return [run for run in found if run.deployment_id and "source" in run.parameters.get("request", {})]


def runs_of(folder: Path) -> list[FlowRun]:
    return [run for run in asyncio.run(runs()) if run.parameters["request"]["source"].startswith(str(folder))]


def test_sweep_inbox_starts_one_run_when_the_same_file_is_dropped_twice(inbox):
    drop(inbox, "a.txt")
    asyncio.run(sweep_inbox())
    drop(inbox, "sama-efni.txt")

    assert asyncio.run(sweep_inbox()) == ("a.txt", "sama-efni.txt")

    (run,) = runs_of(inbox)
    assert run.parameters["request"]["production"] == "narrate"


def test_sweep_inbox_leaves_a_file_that_is_still_growing(inbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HLADVARP_INBOX__SETTLE_S", "60")
    load_settings.cache_clear()
    (inbox / "a.txt").write_text("Þetta er enn í smíð")

    assert asyncio.run(sweep_inbox()) == ()
    assert runs_of(inbox) == []


def test_sweep_inbox_tries_again_when_a_failed_source_is_dropped_again(inbox):
    path = drop(inbox, "b.txt", "Hér var eitthvað að.")
    asyncio.run(sweep_inbox())
    (run,) = runs_of(inbox)

    async def fail() -> None:
        async with get_client() as client:
            await client.set_flow_run_state(run.id, Failed(), force=True)

    asyncio.run(fail())
    asyncio.run(sweep_inbox())
    assert len(runs_of(inbox)) == 1, "the same file is not tried again and again"

    path.unlink()
    drop(inbox, "b.txt", "Hér var eitthvað að.")
    asyncio.run(sweep_inbox())
    asyncio.run(sweep_inbox())
    assert len(runs_of(inbox)) == 2


def test_sweep_inbox_ignores_hidden_files_and_links_that_leave_it(inbox, tmp_path):
    outside = drop(tmp_path, "secret.txt")
    (inbox / "link.txt").symlink_to(outside)
    drop(inbox, ".half-copied.txt")

    assert asyncio.run(sweep_inbox()) == ()
