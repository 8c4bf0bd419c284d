"""What `python -m infra.runpod doctor` finds, and what `--dry-run` shows."""

from __future__ import annotations

import asyncio
import json

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from runpod_server import L40, RunPodServer

from infra.runpod.__main__ import main


def fill_in(studio, **values: object) -> None:
    """As somebody does in the pool's form."""

    async def go() -> None:
        async with get_client() as client:
            template = (await client.read_work_pool(studio.pool)).base_job_template
            for name, value in values.items():
                template["variables"]["properties"][name]["default"] = value
            await client.update_work_pool(studio.pool, WorkPoolUpdate(base_job_template=template))

    asyncio.run(go())


@pytest.fixture
def ask(studio, capsys, monkeypatch):
    fill_in(studio, image="ghcr.io/studio/gpu:1", api_url="https://prefect.studio.example/api")

    def go(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["infra.runpod", "doctor", "--pool", studio.pool, *words])
        code = main()
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return go


def test_doctor_finds_all_well_where_it_is(ask, runpod: RunPodServer):
    code, said = ask()

    assert code == 0, said
    assert "WRONG" not in said
    assert "NVIDIA L40 (secure, $0.99/h): high" in said
    assert runpod.pods == []
    assert not [each for each in runpod.requests if each.method != "GET"]


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"image": "ghcr.io/studio/gpu:latest"}, "add a tag or a digest"),
        ({"api_url": "http://127.0.0.1:4200/api"}, "an address that they can reach"),
        ({"volume_id": "nowhere"}, "no network volume nowhere"),
        ({"registry": "nobody"}, "no registry credential nobody"),
        ({"max_usd_per_hour": 0.1}, "raise `Most $ an hour`"),
        ({"data_centers": ["US-KS-2"]}, "GDPR"),
        ({"min_cuda": "11.8"}, "below 12.1"),
        ({"credentials": "nobody"}, "no block RunPod Credentials named nobody"),
        ({"env": {"HF_TOKEN": "leyndarmal"}}, "HF_TOKEN would lie in clear"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_doctor_says_what_is_wrong_and_what_to_do(ask, studio, values, advice):
    fill_in(studio, **values)

    code, said = ask()

    assert code == 1
    assert advice in said
    assert "leyndarmal" not in said


def test_doctor_finds_a_key_that_is_let_in_no_more(ask, runpod: RunPodServer):
    runpod.expire(runpod.key)

    code, said = ask()

    assert code == 1
    assert "check the key" in said
    assert runpod.key not in said


def test_dry_run_shows_the_pod_that_would_be_asked_for_and_makes_none(ask, studio, runpod: RunPodServer):
    fill_in(studio, secret_env={"HF_TOKEN": "hf"}, env={"SHOW": "surtsey"})

    code, said = ask("--dry-run")
    body = json.loads(said)

    assert code == 0
    assert body["gpu"] == {"id": L40, "count": 1, "minCudaVersion": "12.1"}
    assert body["env"]["HF_TOKEN"] == "{{ RUNPOD_SECRET_hf }}"
    assert body["env"]["SHOW"] == "surtsey"
    assert body["dataCenterIds"] == ["EU-CZ-1", "EU-RO-1", "EUR-IS-1"]
    assert runpod.pods == []
