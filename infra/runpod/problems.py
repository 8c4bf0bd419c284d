"""What RunPod's refusals mean, in the words of `tasks.errors`. The one place that translates."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, ValidationError

from tasks.errors import (
    BalanceTooLow,
    NoCapacity,
    PodRefused,
    RunPodBusy,
    RunPodDenied,
    RunPodError,
    RunPodUnreachable,
)

# RunPod has no code for "nothing is free": these are the sentences that it, and those who use it, have been seen with.
_FULL = (
    "no longer any instances available",
    "no instances",
    "does not have the resources",
    "insufficient capacity",
    "insufficient resources",
    "out of stock",
    "resourcesunavailable",
)
_ADVICE: dict[int, tuple[type[RunPodError], str]] = {
    401: (RunPodDenied, "check the key in the block RunPodCredentials of the pool"),
    402: (BalanceTooLow, "put credit on the account: RunPod wants enough for an hour"),
    403: (RunPodDenied, "give the key the rights to read and write pods"),
    413: (PodRefused, "make the pool's environment smaller: RunPod takes 100 KiB"),
    429: (RunPodBusy, "wait, or let the account's other programs ask less often"),
}
_SECRET = re.compile(r"(rpa_|rps_|Bearer )[A-Za-z0-9_\-.]+")
_LONGEST = 400


class Problem(BaseModel):
    """RFC 9457, as RunPod writes it."""

    title: str = ""
    detail: str = ""
    errors: Sequence[str] = ()


def refusal(asked: str, response: httpx.Response) -> RunPodError:
    """The failure that this answer is. `asked` says what was asked for, in words."""
    problem, status = _problem(response), response.status_code
    said = one_line("; ".join(part for part in (problem.detail or problem.title, *problem.errors) if part))
    request_id = response.headers.get("x-request-id", "")
    told = f"{asked}: RunPod answered {status}" + (f", {said}" if said else "")
    if request_id:
        told += f" (request {one_line(request_id)})"
    if status >= 500:
        return RunPodUnreachable(f"{told}; try again later")
    if status == 400 and is_full(said):
        return NoCapacity(f"{told}; wait, or let the pool have more GPU types, data centres or clouds")
    kind, advice = _ADVICE.get(status, (PodRefused, "correct the pool's variables, or the run's"))
    return kind(f"{told}; {advice}")


def is_full(said: str) -> bool:
    """Whether a refusal says that nothing is free."""
    return any(phrase in said.lower() for phrase in _FULL)


def one_line(text: str) -> str:
    """What a stranger wrote, fit for a message: one line, not too long, without keys."""
    line = " ".join(_SECRET.sub(r"\1…", text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _problem(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        kind = response.headers.get("content-type", "no type").split(";")[0]
        return Problem(title=f"with {kind} of {len(response.content)} bytes")
