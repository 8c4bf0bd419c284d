from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from pydantic import BaseModel, ConfigDict

ROOT = Path(__file__).parents[2]


class Strict(BaseModel):
    """Prefect ignores a misspelt key without a word; here it is an error."""

    model_config = ConfigDict(extra="forbid")


class Schedule(Strict):
    slug: str
    interval: int | None = None
    cron: str | None = None
    timezone: str | None = None


class Limit(Strict):
    limit: int
    collision_strategy: str


class Deployment(Strict):
    name: str
    entrypoint: str
    work_pool: dict[str, Any]
    description: str = ""
    tags: list[str] = []
    schedules: list[Schedule] = []
    concurrency_limit: Limit | None = None


class Project(Strict):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    name: str
    definitions: dict[str, Any]
    deployments: list[Deployment]


def project() -> Project:
    read = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    read.pop("prefect-version")
    return Project.model_validate(read)


def test_prefect_yaml_has_no_unknown_keys():
    assert {"produce-episode", "sweep-inbox"} <= {deployment.name for deployment in project().deployments}


@pytest.mark.parametrize("deployment", project().deployments, ids=lambda deployment: deployment.name)
def test_deployment_loads_the_flow_of_its_own_name(deployment: Deployment):
    flow = load_flow_from_entrypoint(deployment.entrypoint, use_placeholder_flow=False)

    assert flow.name == deployment.name
