"""`python -m flows preview PRESET TEXT`: hear one voice, its beginning while the rest is still being made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tasks.preview import hear_into_file, hear_into_stream, prepare_reading


def run(arguments: list[str]) -> int:
    """Exit status 0 only if all of it was said."""
    parser = argparse.ArgumentParser(
        prog="python -m flows preview",
        description="Hear one voice say a few sentences. With --out - the sound goes to the standard output as it is "
        "made: python -m flows preview espeak-asa 'Góðan dag.' --out - | aplay -",
    )
    parser.add_argument("preset", help="name of a voice preset; `python -m flows voices` lists them")
    parser.add_argument("text", help="what it is to say, at most 1000 characters")
    parser.add_argument("--language", default="is", help="that the text is written in (is)")
    parser.add_argument("--out", default="", metavar="FILE", help="a WAV file, or - ; default: preview-PRESET.wav")
    given = parser.parse_args(arguments)
    reading = prepare_reading(given.preset, given.text, given.language)
    for read in reading.readings:
        print(f"  {read.written} → {read.spoken}", file=sys.stderr)
    for note in reading.notes:
        print(f"  {note}", file=sys.stderr)
    if given.out == "-":
        heard = hear_into_stream(sys.stdout.buffer, reading)
    else:
        path = Path(given.out or f"preview-{given.preset}.wav")
        heard = hear_into_file(path, reading, begun=lambda: print(f"  {path} can be heard already", file=sys.stderr))
    cost = "no price published" if reading.cost_usd is None else f"{reading.cost_usd:.4f} USD"
    print(
        f"{given.preset}: first sound after {heard.first_sound_s:.2f} s, {heard.duration_s:.1f} s in all; "
        f"{reading.characters} characters, {cost}",
        file=sys.stderr,
    )
    return 0
