"""`prefect deploy --all` as a user runs it; every deployment is read back with the form that the UI makes of it."""

import asyncio
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.responses import DeploymentResponse

ROOT = Path(__file__).parents[2]
NAMES = tuple(entry["name"] for entry in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"])
FORM = (
    *("source", "production", "show", "title", "language", "cast", "template"),
    *("treatment", "mastering", "gate", "publish_to", "budget", "pods"),
)


@pytest.fixture(scope="session")
def deployments(prefect_api: str) -> dict[str, DeploymentResponse]:
    prefect = Path(sys.executable).with_name("prefect")
    done = subprocess.run(
        [prefect, "--no-prompt", "deploy", "--all"],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": prefect_api},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    async def read() -> dict[str, DeploymentResponse]:
        async with get_client() as client:
            return {name: await client.read_deployment_by_name(f"{name}/{name}") for name in NAMES}

    return asyncio.run(read())


def fields(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of the request and of the groups in it, by where they stand in the form."""
    definitions = schema["definitions"]
    groups = {"request": "EpisodeRequest", "cast": "CastEntry", "mastering": "Mastering"}
    return {
        f"{group}.{name}": field
        for group, definition in groups.items()
        for name, field in definitions[definition]["properties"].items()
    }


def titled(schema: dict[str, Any], field: dict[str, Any]) -> str:
    """What stands above a field; a group is called by its definition."""
    group = field.get("$ref", "").removeprefix("#/definitions/")
    return str(schema["definitions"][group]["title"] if group else field.get("title", ""))


@pytest.mark.parametrize("name", NAMES)
def test_deployment_runs_on_its_pool_from_a_module(deployments, name):
    deployment = deployments[name]

    assert deployment.work_pool_name == "local"
    assert ":" not in deployment.entrypoint
    assert "/" not in deployment.entrypoint
    assert deployment.enforce_parameter_schema
    assert deployment.description, "the UI shows it"


def test_the_form_of_an_episode_has_a_title_and_a_place_for_every_field(deployments):
    schema = deployments["produce-episode"].parameter_openapi_schema
    request = schema["definitions"]["EpisodeRequest"]["properties"]

    assert tuple(sorted(request, key=lambda name: request[name]["position"])) == FORM
    for where, field in fields(schema).items():
        assert titled(schema, field), where
        assert field["position"] > 0, where
        assert "anyOf" not in field, f"{where}: the UI shows tabs for it"
    assert schema["definitions"]["EpisodeRequest"]["required"] == ["source"]


@pytest.mark.parametrize("where", ["request.production", "request.language", "mastering.channels"])
def test_the_form_of_an_episode_offers_choices(deployments, where):
    field = fields(deployments["produce-episode"].parameter_openapi_schema)[where]

    assert field["default"] in field["enum"]


def test_the_inbox_is_swept_on_schedule(deployments):
    (schedule,) = deployments["sweep-inbox"].schedules
    assert schedule.active
    assert schedule.schedule.interval == timedelta(minutes=1)

    async def planned() -> int:
        mine = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployments["sweep-inbox"].id]))
        async with get_client() as client:
            return len(await client.read_flow_runs(flow_run_filter=mine))

    async def schedule_runs() -> None:
        async with get_client() as client:
            await client.request(
                "POST", "/deployments/{id}/schedule", path_params={"id": deployments["sweep-inbox"].id}
            )

    asyncio.run(schedule_runs())
    deadline = time.monotonic() + 20
    while not asyncio.run(planned()) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert asyncio.run(planned()), "Prefect's scheduler plans no run: does it work with this SQLAlchemy?"
