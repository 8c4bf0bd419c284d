"""What the stand-in RunPod says that pods have cost: settled every few minutes, so never quite up to date."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from runpod_book import Json
from runpod_logs import rfc3339, seconds
from runpod_pod import Pod
from runpod_wire import Problem

BUCKETS = ("hour", "day", "week", "month", "year")
KINDS = ("totalAmount", "gpuAmount", "cpuAmount", "diskAmount")


def list_pod_billing(pods: Iterable[Pod], query: dict[str, str], *, every_s: float) -> Json:
    """`GET /v2/billing/pods`: a record for each pod and bucket in which it cost anything. Raises: Problem."""
    size = query.get("bucketSize", "day")
    if size not in BUCKETS:
        raise Problem(422, "Request validation failed.", f"bucketSize: {size!r} is not one of {', '.join(BUCKETS)}")
    from_, until = _window(query, size)
    settled_s = time.time() // every_s * every_s
    records = []
    while from_ < until:
        next_ = _after(from_, size)
        for pod in pods:
            if query.get("podId", pod.id) == pod.id:
                compute, disk = pod.cost_between(from_.timestamp(), min(next_.timestamp(), settled_s))
                if compute + disk > 0:
                    records.append(_record(pod, from_, next_, compute, disk))
        from_ = next_
    begin, _ = _window(query, size)
    return {
        "records": records,
        "metadata": {
            "query": {
                "startTime": rfc3339(begin.timestamp()),
                "endTime": rfc3339(until.timestamp()),
                "bucketSize": size,
                "podId": query.get("podId"),
            },
            "recordCount": len(records),
            "uniquePodCount": len({record["podId"] for record in records}),
            "totals": {kind: sum(record[kind] for record in records) for kind in KINDS},
        },
    }


def _record(pod: Pod, from_: datetime, until: datetime, compute: float, disk: float) -> Json:
    gpu = "gpu" in pod.config
    return {
        "startTime": rfc3339(from_.timestamp()),
        "endTime": rfc3339(until.timestamp()),
        "podId": pod.id,
        "totalAmount": compute + disk,
        "gpuAmount": compute if gpu else 0.0,
        "cpuAmount": 0.0 if gpu else compute,
        "diskAmount": disk,
    }


def _window(query: dict[str, str], size: str) -> tuple[datetime, datetime]:
    """The time asked for, widened to whole buckets: by default the last 30 days."""
    now = datetime.now(UTC)
    if "lastN" in query:
        if {"startTime", "endTime"} & set(query):
            raise Problem(400, "lastN and startTime/endTime are mutually exclusive")
        if not query["lastN"].isdigit() or query["lastN"] == "0":
            raise Problem(422, "Request validation failed.", f"lastN: {query['lastN']!r} is not 1 or more")
        from_ = _begin(now, size)
        for _ in range(int(query["lastN"]) - 1):
            from_ = _begin(from_ - timedelta(seconds=1), size)
        return from_, _after(_begin(now, size), size)
    from_ = _moment(query["startTime"]) if "startTime" in query else now - timedelta(days=30)
    until = _moment(query["endTime"]) if "endTime" in query else now
    end = _begin(until, size)
    return _begin(from_, size), end if end == until else _after(end, size)


def _moment(stamp: str) -> datetime:
    return datetime.fromtimestamp(seconds(stamp), UTC)


def _begin(moment: datetime, size: str) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    week = day - timedelta(days=day.weekday())
    return {"hour": hour, "day": day, "week": week, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[
        size
    ]


def _after(begin: datetime, size: str) -> datetime:
    """The begin of the next bucket; a month has no more than 31 days, and a year no more than 366."""
    longest = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
    return _begin(begin + longest.get(size, timedelta(days=31 if size == "month" else 366)), size)
