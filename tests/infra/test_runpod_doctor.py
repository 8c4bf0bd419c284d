"""What `python -m infra.runpod doctor` finds, and what `--dry-run` shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from prefect.client.schemas.objects import WorkPool
from runpod_server import L40, RunPodServer
from runpod_studio import fill_in
from tls_door import certificate, name_leads_here, tls_door

from infra.runpod.__main__ import main
from infra.runpod.reach import addresses, reach
from tasks.errors import InvalidSettings, PrefectUnreachable

NAME = "prefect.studio.example"


@pytest.fixture
def outside(prefect_api: str, tmp_path, monkeypatch) -> Iterator[str]:
    """The Prefect API, as it is seen from outside: behind TLS, and at a name that leads to a public address."""
    pem = certificate(NAME, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    async def addresses(host: str) -> list[str]:
        return ["193.4.58.1"]

    monkeypatch.setattr("infra.runpod.reach.addresses", addresses)
    with tls_door(pem, to_port=urlsplit(prefect_api).port or 0) as port, name_leads_here(NAME):
        yield f"https://{NAME}:{port}/api"


@pytest.fixture
def ask(studio, outside, capsys, monkeypatch):
    fill_in(studio, image="ghcr.io/studio/gpu:1", api_url=outside)

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
    assert f"{NAME} is 193.4.58.1" in said
    assert "the worker's own" in said
    assert "a WebSocket is let in" in said
    assert "a run may cost $6.19, all of a day $50.00" in said
    assert "?     pod: whether the image can be pulled" in said
    assert runpod.pods == []
    assert not [each for each in runpod.requests if each.method != "GET"]


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"image": "ghcr.io/studio/gpu:latest"}, "add a tag or a digest"),
        ({"image": ""}, "image: String should have at least 1 character"),
        ({"api_url": "http://127.0.0.1:4200/api"}, "an address that they can reach"),
        ({"api_url": "https://10.0.0.7/api"}, "a private network's"),
        ({"api_url": "https://[fd00::7]/api"}, "a private network's"),
        ({"api_url": "https://prefect.local/api"}, "of this network alone"),
        ({"api_url": "http://prefect.studio.example/api"}, "use https"),
        ({"api_url": "prefect.studio.example/api"}, "is no address"),
        ({"volume_id": "nowhere"}, "no network volume nowhere"),
        ({"registry": "nobody"}, "no registry credential nobody"),
        ({"max_usd_per_hour": 0.1}, "raise `Most $ an hour`"),
        ({"max_usd_per_day": 1.0}, "so that none is ever made"),
        ({"data_centers": ["US-KS-2"]}, "GDPR"),
        ({"min_cuda": "11.8"}, "below 12.1"),
        ({"credentials": "nobody"}, "no block RunPod Credentials named nobody"),
        ({"env": {"HF_TOKEN": "leyndarmal"}}, "HF_TOKEN would lie in clear"),
        ({"secret_env": {"HF_TOKEN": "hf"}}, "there is no secret hf at RunPod"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_doctor_says_what_is_wrong_and_what_to_do(ask, studio, values, advice):
    fill_in(studio, **values)

    code, said = ask()

    assert code == 1
    assert advice in said
    assert "leyndarmal" not in said


def test_doctor_finds_a_volume_where_the_pods_may_not_stand(ask, studio, runpod: RunPodServer):
    volume = runpod.account.create_volume({"name": "models", "size": 100, "dataCenter": "US-KS-2"})["id"]
    fill_in(studio, volume_id=volume)

    code, said = ask()

    assert code == 1
    assert "lies in US-KS-2, where the pool's pods may not stand" in said


def test_doctor_finds_no_stock_where_only_forbidden_data_centres_have_some(ask, runpod: RunPodServer):
    for data_center in ("EU-RO-1", "EU-CZ-1", "EUR-IS-1"):
        runpod.catalog.stock("NONE", data_center=data_center)

    code, said = ask()

    assert code == 1
    assert "shows any stock just now" in said


def test_doctor_finds_a_key_that_is_let_in_no_more(ask, runpod: RunPodServer):
    runpod.expire(runpod.key)

    code, said = ask()

    assert code == 1
    assert "check the key" in said
    assert runpod.key not in said


def test_doctor_finds_an_address_of_another_server(outside, studio):
    """One that answers, and has a pool of the same name: told apart by the pool's id."""

    async def go() -> list[str]:
        pool = WorkPool(name=studio.pool, type="runpod", base_job_template={})
        return [said async for said in reach(outside, pool, {})]

    with pytest.raises(InvalidSettings, match="another server than the worker's"):
        asyncio.run(go())


def test_doctor_finds_an_address_that_does_not_end_where_the_api_begins(ask, outside, studio):
    fill_in(studio, api_url=outside.removesuffix("/api"))

    code, said = ask()

    assert code == 1
    assert "let the address end in /api" in said


def test_name_that_nobody_knows_is_found():
    with pytest.raises(PrefectUnreachable, match=r"nobody knows the name prefect\.invalid"):
        asyncio.run(addresses("prefect.invalid"))


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
