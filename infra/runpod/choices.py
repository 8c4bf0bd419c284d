"""The form of a work pool of type `runpod`: what may be chosen, what it means, and what it is unless one chooses."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

LOWEST_CUDA = (12, 1)
"""What the GPU image is built for; a host whose driver is older bills, and never starts it."""


class Choices(BaseModel):
    """Everything that a pool, a deployment or a run may choose about its pod."""

    image: str = Field(
        title="Image",
        description="With tag or digest, such as ghcr.io/studio/hladvarp-gpu:1.4; made from infra/docker.",
        min_length=1,
    )
    gpu_types: list[str] = Field(
        default=["NVIDIA L40", "NVIDIA L40S", "NVIDIA RTX 6000 Ada Generation", "NVIDIA A40"],
        title="GPU types",
        description="By RunPod's ids, the best first. The next one is taken where one can't be had.",
        min_length=1,
    )
    prefer: Literal["order", "price", "stock"] = Field(
        default="order",
        title="Prefer",
        description="Which GPU type is tried first: the first of the list, the cheapest, or the one most in stock.",
    )
    gpu_count: int = Field(default=1, title="GPUs", description="In each pod.", ge=1, le=8)
    cloud: Literal["SECURE", "COMMUNITY", "either"] = Field(
        default="SECURE",
        title="Cloud",
        description="SECURE: RunPod's data centres. COMMUNITY: other people's machines, cheaper. "
        "either: SECURE first, unless price is preferred.",
    )
    data_centers: list[str] = Field(
        default=[], title="Data centres", description="By their ids, such as EUR-IS-1; none: any."
    )
    gdpr_only: bool = Field(
        default=True, title="GDPR only", description="Only data centres that RunPod lists as compliant with the GDPR."
    )
    min_cuda: str = Field(
        default="12.1",
        title="CUDA floor",
        description="The lowest CUDA version of a host's driver. A host below what the image needs bills, and never "
        "starts it; 12.1 at least.",
    )
    disk_gb: int = Field(
        default=40,
        title="Container disk (GB)",
        description="Gone when the pod ends. Below 20 GB RunPod finds no place.",
        ge=20,
    )
    volume_id: str = Field(
        default="",
        title="Network volume",
        description="Its id. Keeps models between runs; binds the pods to its data centre, and to the cloud SECURE.",
    )
    volume_path: str = Field(default="/workspace", title="Volume's path", description="Where the pods see it.")
    registry: str = Field(
        default="", title="Registry credential", description="Its id at RunPod; empty for an image that is public."
    )
    api_url: str = Field(
        default="",
        title="Prefect API",
        description="Its address as the pods reach it, such as https://prefect.studio.is/api; empty: the worker's own.",
    )
    secret_env: dict[str, str] = Field(
        default={},
        title="Secret variables",
        description="Variable → name of a secret at RunPod, such as PREFECT_API_AUTH_STRING → prefect_auth. "
        "The pod alone gets the value.",
    )
    max_usd_per_hour: float = Field(
        default=2.0, title="Most $ an hour", description="For one pod; a dearer one is not taken.", gt=0
    )
    max_usd_per_run: float = Field(
        default=10.0, title="Most $ a run", description="Its pod is ended when it has cost so much.", gt=0
    )
    max_usd_per_day: float = Field(
        default=50.0,
        title="Most $ a day",
        description="For all pods of the pool, by the UTC day; pods under way count with the most that they may still "
        "cost. A run that does not fit waits as for a GPU. A deployment or a run can lower it for itself alone.",
        gt=0,
    )
    capacity_deadline_s: int = Field(
        default=3600,
        title="Wait for a GPU (s)",
        description="Longest, also for the day's money, before the run is given up.",
        ge=0,
    )
    start_deadline_s: int = Field(
        default=900,
        title="Wait for the start (s)",
        description="Longest, from a pod's creation to its first second of work; then another pod is tried.",
        ge=1,
    )
    run_deadline_s: int = Field(
        default=6 * 3600, title="Longest run (s)", description="From the start of its pod; then the pod is ended.", ge=1
    )
    credentials: str = Field(
        default="hladvarp",
        title="RunPod account",
        description="Name of a block RunPod Credentials; one for the whole pool.",
    )

    @field_validator("min_cuda")
    @classmethod
    def _not_below_the_image(cls, text: str) -> str:
        numbers = text.split(".")
        if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            raise ValueError(f"the CUDA floor {text!r} is no version; write it as 12.1")
        if (int(numbers[0]), int(numbers[1])) < LOWEST_CUDA:
            raise ValueError(f"the CUDA floor {text} is below 12.1, which the image needs")
        return text
