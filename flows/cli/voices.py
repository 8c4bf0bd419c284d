"""`python -m flows voices`: the voices that can be cast, whether they ship, stand in a file, or are saved as blocks."""

from __future__ import annotations

import argparse

from tasks.cast import known_voices


def run(arguments: list[str]) -> int:
    """Print a line for each voice."""
    argparse.ArgumentParser(prog="python -m flows voices", description="List the voices.").parse_args(arguments)
    voices = known_voices()
    width = max(map(len, voices), default=0)
    for voice in voices.values():
        consent = f" (cloned with the consent {voice.consent!r})" if voice.consent else ""
        print(f"{voice.name:{width}}  {voice.engine:17}  {voice.title}{consent}")
    return 0
