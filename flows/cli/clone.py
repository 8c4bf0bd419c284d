"""`python -m flows clone NAME SAMPLE… --consent CONSENT`: clone the voice of a person who has consented."""

from __future__ import annotations

import argparse
import asyncio

from pydantic import ValidationError

from flows.cli.server import on_server
from flows.clone import clone_voice
from tasks.schemas.cloning import CloneRequest


def parse(arguments: list[str]) -> CloneRequest:
    """The request that the arguments make."""
    parser = argparse.ArgumentParser(prog="python -m flows clone", description="Clone a consenting person's voice.")
    parser.add_argument("name", help="what a cast will call the voice: small letters, digits, dashes")
    parser.add_argument("samples", nargs="+", metavar="SAMPLE", help="recordings of the person, 1 to 3 minutes in all")
    parser.add_argument("--consent", required=True, help="name of the block with the person's consent")
    parser.add_argument("--consent-recording", default="", metavar="SOURCE", help="default: one of the samples")
    parser.add_argument("--title", default="", help="who this is and what the voice suits")
    parser.add_argument("--show", default="", help="the show that it is for; default: none in particular")
    parser.add_argument("--account", default="", help="name of the credentials block (hladvarp)")
    parser.add_argument("--remove-background-noise", action="store_true", help="only where there is some")
    given = parser.parse_args(arguments)
    try:
        return CloneRequest(**vars(given))
    except ValidationError as error:
        parser.error("; ".join(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors()))


def run(arguments: list[str]) -> int:
    """Exit status 0 only if the voice can be cast."""
    request = parse(arguments)
    cloned = asyncio.run(on_server(lambda: clone_voice(request)))
    print(f"\n{cloned.preset}: the voice of {cloned.person}; hear it with: python -m flows preview {cloned.preset} …")
    return 0
