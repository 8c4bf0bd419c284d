"""One run's configuration: the pool's form filled in, and from it the pod that is asked for."""

from __future__ import annotations

import shlex
import time

from prefect.workers.base import BaseJobConfiguration, BaseVariables

from infra.runpod import environment
from infra.runpod.choices import Choices
from infra.runpod.placement import Candidate
from infra.runpod.pods import PodRequest
from infra.runpod.stamp import DEADLINE, Stamp

LAUNCHER = ("python", "-m", "infra.runpod.launcher")
API, VOLUME = "PREFECT_RUNPOD_API", "PREFECT_RUNPOD_VOLUME"


class RunPodVariables(BaseVariables, Choices):
    """The form of the pool in the UI."""


class RunPodJobConfiguration(BaseJobConfiguration, Choices):
    """The form, filled in for one run."""

    def request(self, candidate: Candidate, stamp: Stamp, *, runpod_address: str) -> PodRequest:
        """The pod for this run at this place.

        Raises: InvalidSettings for an environment that a pod must not have, or a Prefect API that it can't reach.
        """
        own = {name: value for name, value in self.env.items() if value is not None}
        env = {
            **own,
            **environment.references(self.secret_env),
            "PREFECT_API_URL": environment.api_url(self.api_url),
            **stamp.env(),
            DEADLINE: str(round(time.time() + self.longest_s(candidate.usd_per_h))),
            API: runpod_address,
            **({VOLUME: self.volume_path} if self.volume_id else {}),
        }
        return PodRequest(
            name=stamp.pod_name,
            image=self.image,
            gpu_type=candidate.gpu_type,
            gpu_count=self.gpu_count,
            min_cuda=self.min_cuda,
            cloud=candidate.cloud,
            data_center_ids=candidate.data_center_ids,
            disk_gb=self.disk_gb,
            volume_id=self.volume_id,
            volume_path=self.volume_path,
            registry=self.registry,
            entrypoint=LAUNCHER,
            cmd=tuple(shlex.split(self.command or self._base_flow_run_command())),
            env=environment.checked(env),
        )

    def longest_s(self, usd_per_h: float) -> float:
        """Seconds that a pod of this price may exist: as long as the deadlines and the money last.

        usd_per_h: of the whole pod; where 0 says that nobody knows it, the most that is allowed is taken for it.
        """
        money_s = self.max_usd_per_run / (usd_per_h or self.max_usd_per_hour) * 3600
        return min(self.start_deadline_s + self.run_deadline_s, money_s)

    @classmethod
    def _base_environment(cls) -> dict[str, str]:
        """Of the worker's settings, those that a pod may know, instead of all."""
        return environment.inherited()
