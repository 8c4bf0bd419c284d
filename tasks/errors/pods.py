"""Rented GPUs."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class RunPodError(HladvarpError):
    """A rented GPU cannot be had, or cannot do its work."""


class RunPodDenied(RunPodError):
    """RunPod refuses the key, or what it may do."""


class BalanceTooLow(RunPodError):
    """The account has no credit for another hour."""


class PodRefused(RunPodError):
    """RunPod refuses the pod that was asked for."""


class PodTooDear(RunPodError):
    """Every pod that can be had costs more than the pool allows."""


class DailyLimitReached(RunPodError):
    """What the pool's pods have cost today, and may still cost, leaves too little for another."""

    retryable = True


class NoCapacity(RunPodError):
    """No GPU of the wanted types is free."""

    retryable = True


class PodNotStarted(RunPodError):
    """Pods were made, and none of them started."""

    retryable = True


class PrefectUnreachable(RunPodError):
    """The Prefect API does not answer at the address that the pods are told."""

    retryable = True


class RunPodBusy(RunPodError):
    """More requests than RunPod takes in this minute, hour or day."""

    retryable = True


class RunPodUnreachable(RunPodError):
    """RunPod does not answer, or with nothing that tells what was done."""

    retryable = True
