"""The GPU: is there one, does its driver take the image's CUDA, and how much of its memory is there for models."""

from __future__ import annotations

from collections.abc import Iterator

from blocks.gpu import Gpu, first_gpu
from infra.preflight.finding import Finding

LOWEST_CUDA = (12, 0)
"""CTranslate2 and torch here are built for CUDA 12, and run on every driver that takes any 12.x.
Source: NVIDIA, CUDA Compatibility, minor version compatibility (driver 525 and newer)."""
SMALL_GPU_BYTES = 16 * 10**9
BUSY_SHARE = 0.1
GB = 10**9


def check_gpu(*, tts_percent: float, asr_percent: float, wanted_cuda: str) -> Iterator[Finding]:
    """What it is, and whether its driver will do.

    tts_percent, asr_percent: what models may take of its memory.
    wanted_cuda: the version that the image was made with, such as 12.6.3; empty where nobody says.
    """
    gpu = first_gpu()
    if gpu is None:
        yield Finding(
            "GPU",
            "fail",
            "there is none, or its driver does not answer",
            "give the container one (Docker: --gpus all; Kubernetes: nvidia.com/gpu), or take another pod",
        )
        return
    yield _memory(gpu, tts_percent, asr_percent)
    yield _cuda(gpu, wanted_cuda)


def _memory(gpu: Gpu, tts_percent: float, asr_percent: float) -> Finding:
    total_bytes, free_bytes = gpu.memory.total_bytes, gpu.memory.free_bytes
    tts, asr = (percent / 100 * total_bytes / GB for percent in (tts_percent, asr_percent))
    said = (
        f"{gpu.name}, {total_bytes / GB:.1f} GB, {free_bytes / GB:.1f} of them free; "
        f"{tts:.1f} GB for voices, {asr:.1f} GB for hearing"
    )
    if free_bytes < total_bytes * (1 - BUSY_SHARE):
        return Finding("GPU", "warn", said, "another process holds some of it; models get what is left")
    if total_bytes < SMALL_GPU_BYTES:
        return Finding("GPU", "warn", said, "large models will be refused; take a larger GPU for them")
    return Finding("GPU", "ok", said)


def _cuda(gpu: Gpu, wanted: str) -> Finding:
    said = f"driver {gpu.driver or 'of unknown version'}, which takes CUDA {gpu.cuda or '(it does not say)'}"
    if not gpu.cuda:
        return Finding("CUDA", "warn", said, "if engines fail, set the pool's CUDA floor")
    if _version(gpu.cuda) < LOWEST_CUDA:
        return Finding("CUDA", "fail", said, "the engines need 12.0; set the pool's CUDA floor, or update the driver")
    if wanted and _version(gpu.cuda) < _version(wanted):
        advice = f"the image is made with {wanted}: kernels are compiled anew at first use, or are missing"
        return Finding("CUDA", "warn", said, f"{advice}; set the pool's CUDA floor to {wanted.rpartition('.')[0]}")
    return Finding("CUDA", "ok", said)


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(part) for part in written.split(".")[:2] if part.isdigit())
