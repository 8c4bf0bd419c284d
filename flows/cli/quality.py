"""`python -m flows quality SOURCE`: tell how a recording sounds."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from blocks.places import audio_store
from flows.cli.server import on_server
from flows.quality import analyze_quality
from flows.sound_report import NOT_CALIBRATED, column
from tasks.errors import InvalidRequest
from tasks.feed.contents import LOUDNESS, QUALITY, SPECTROGRAM, quality_json
from tasks.schemas import Quality


def run(arguments: list[str]) -> int:
    """Exit status 0 if it was measured, however it sounds."""
    parser = argparse.ArgumentParser(prog="python -m flows quality", description="Tell how a recording sounds.")
    parser.add_argument("source", help="a file, a folder, an http(s) address, a feed, or a uri such as s3://…")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write quality.json and two pictures there")
    given = parser.parse_args(arguments)
    quality = asyncio.run(on_server(lambda: analyze_quality(given.source)))
    measured = column(quality.report.episode)
    width = max(map(len, measured))
    print()
    for name, value in measured.items():
        print(f"  {name:{width}}  {value}")
    print(f"\n  {NOT_CALIBRATED}")
    for note in quality.report.notes:
        print(f"  note  {note}")
    if given.out:
        write_files(quality, given.out)
        print(f"  {given.out}/{QUALITY}, {LOUDNESS}, {SPECTROGRAM}")
    return 0


def write_files(quality: Quality, folder: Path) -> None:
    """The report and its pictures, in a folder that is made where it is missing.

    Raises: InvalidRequest when they cannot be written there.
    """
    store = audio_store()
    contents = {
        QUALITY: quality_json(quality.report),
        LOUDNESS: store.read_bytes(quality.loudness_png.uri),
        SPECTROGRAM: store.read_bytes(quality.spectrogram_png.uri),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise InvalidRequest(f"{folder} cannot be written to: {error.strerror}; name another --out") from error
