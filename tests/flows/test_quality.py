from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from signals import babble, silence, write

from flows.cli.quality import write_files
from flows.quality import analyze_quality
from tasks.errors import InvalidRequest


async def newest_artifact(key: str) -> str:
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    return str(max(found, key=lambda artifact: artifact.created).data)


def test_any_recording_is_analyzed_and_shown(studio, tmp_path: Path):
    samples = np.clip(np.concatenate([babble(4, -14), silence(3), babble(3, -14)], axis=1) * 3, -1, 1)
    source = write(tmp_path / "cut.wav", samples)

    quality = asyncio.run(analyze_quality(str(source)))

    told = quality.report.episode
    assert told.clipped_runs > 10
    assert told.longest_silence_s > 2.5
    shown = asyncio.run(newest_artifact("quality"))
    assert "| cut peaks | " in shown
    assert shown.count("data:image/png;base64,") == 2
    write_files(quality, tmp_path / "told")
    assert json.loads((tmp_path / "told" / "quality.json").read_text())["episode"]["clipped_runs"] == told.clipped_runs
    assert {path.suffix for path in (tmp_path / "told").iterdir()} == {".json", ".png"}
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRequest, match="--out"):
        write_files(quality, tmp_path / "file" / "told")


def test_a_script_has_no_sound_to_analyze(studio):
    with pytest.raises(InvalidRequest, match=r"surtsey\.md is a script"):
        asyncio.run(analyze_quality(str(studio.script())))
