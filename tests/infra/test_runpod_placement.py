"""In which order places are asked for a pod, and which are not asked at all."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from runpod_server import A40, L40, L40S, RTX_4090, RunPodServer

from infra.runpod.api import RunPodApi
from infra.runpod.choices import Choices
from infra.runpod.placement import Candidate, Catalogue
from tasks.errors import PodRefused, PodTooDear


def candidates(runpod: RunPodServer, **choices: object) -> tuple[Candidate, ...]:
    async def go() -> tuple[Candidate, ...]:
        async with RunPodApi(SecretStr(runpod.key), address=runpod.url) as api:
            return await Catalogue(api).candidates(Choices.model_validate({"image": "gpu:1"} | choices))

    return asyncio.run(go())


def test_order_is_the_pools_own(runpod):
    found = candidates(runpod, gpu_types=[L40, RTX_4090, A40])

    assert [each.gpu_type for each in found] == [L40, RTX_4090, A40]
    assert {each.data_center_ids for each in found} == {("EU-CZ-1", "EU-RO-1", "EUR-IS-1")}


def test_cheapest_comes_first_where_price_is_preferred(runpod):
    found = candidates(runpod, gpu_types=[L40, L40S, A40], prefer="price", cloud="either")

    assert [each.usd_per_h for each in found] == sorted(each.usd_per_h for each in found)
    assert (found[0].gpu_type, found[0].cloud) == (A40, "COMMUNITY")


def test_most_in_stock_comes_first_where_stock_is_preferred(runpod):
    runpod.catalog.stock("LOW", gpu=L40)
    runpod.catalog.stock("MEDIUM", gpu=A40)

    assert [each.gpu_type for each in candidates(runpod, gpu_types=[L40, A40, L40S], prefer="stock")] == [
        L40S,
        A40,
        L40,
    ]


def test_what_shows_no_stock_comes_last_and_is_still_asked(runpod):
    runpod.catalog.stock("NONE", gpu=L40)

    assert [each.gpu_type for each in candidates(runpod, gpu_types=[L40, A40])] == [A40, L40]


def test_dearer_types_than_the_cap_are_left_out(runpod):
    assert [each.gpu_type for each in candidates(runpod, gpu_types=[L40, A40], max_usd_per_hour=0.5)] == [A40]
    with pytest.raises(PodTooDear, match=r"\$0\.47"):
        candidates(runpod, gpu_types=[L40, A40], max_usd_per_hour=0.4)
    with pytest.raises(PodTooDear):
        candidates(runpod, gpu_types=[A40], gpu_count=2, max_usd_per_hour=0.9)


def test_volume_binds_pods_to_its_data_centre_and_cloud(runpod):
    volume = runpod.account.create_volume({"name": "models", "size": 100, "dataCenter": "EUR-IS-1"})["id"]

    found = candidates(runpod, volume_id=volume, cloud="either", gpu_types=[L40])

    assert [(each.cloud, each.data_center_ids) for each in found] == [("SECURE", ("EUR-IS-1",))]
    with pytest.raises(PodRefused, match="SECURE alone"):
        candidates(runpod, volume_id=volume, cloud="COMMUNITY")
    with pytest.raises(PodRefused, match="EUR-IS-1, where the pool's pods may not stand"):
        candidates(runpod, volume_id=volume, data_centers=["EU-RO-1"])


def test_gdpr_narrows_the_chosen_data_centres(runpod):
    found = candidates(runpod, data_centers=["EU-RO-1", "US-KS-2"], gpu_types=[L40])

    assert [each.data_center_ids for each in found] == [("EU-RO-1",)]
    with pytest.raises(PodRefused, match="GDPR"):
        candidates(runpod, data_centers=["EUR-NO-1"])
    assert candidates(runpod, gdpr_only=False, gpu_types=[L40])[0].data_center_ids == ()


def test_catalogue_that_does_not_answer_stops_nobody(runpod):
    runpod.fail("broken", on="listGpuTypes", times=None)

    assert [each.gpu_type for each in candidates(runpod, gpu_types=[L40, A40])] == [L40, A40]
