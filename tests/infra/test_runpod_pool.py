"""The pool's form, and that Prefect finds the worker."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.runpod.choices import Choices
from infra.runpod.worker import RunPodWorker

POOL = json.loads((Path(__file__).parents[2] / "deployments" / "pools" / "gpu.json").read_text())


def test_pool_that_bootstrap_makes_has_the_form_of_this_worker():
    assert POOL["type"] == RunPodWorker.type
    assert POOL["base_job_template"] == json.loads(json.dumps(RunPodWorker.get_default_base_job_template())), (
        "the form has changed: write it anew with `python -m infra.runpod pool`"
    )


def test_every_choice_has_a_title_and_says_what_it_means():
    properties = POOL["base_job_template"]["variables"]["properties"]

    for name in Choices.model_fields:
        assert properties[name]["title"], name
        assert len(properties[name]["description"]) > 10, name
        assert "default" in properties[name] or name == "image", name
    assert properties["gpu_types"]["default"][0] == "NVIDIA L40"


def test_prefect_finds_the_worker_by_its_entry_point():
    found = {each.name: each.value for each in entry_points(group="prefect.collections")}

    assert found["hladvarp_runpod"] == "infra.runpod.worker"


@pytest.mark.parametrize("floor", ["12.0", "11.8", "12", "", "zwölf", "12.1.0", "-1.2"])
def test_cuda_floor_below_the_images_is_refused(floor):
    with pytest.raises(ValidationError):
        Choices(image="hladvarp/gpu:1", min_cuda=floor)


@pytest.mark.parametrize("floor", ["12.1", "12.8", "13.0"])
def test_cuda_floor_from_the_images_on_is_taken(floor):
    assert Choices(image="hladvarp/gpu:1", min_cuda=floor).min_cuda == floor
