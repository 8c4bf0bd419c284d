"""`python -m flows review`: list the episodes that wait for a person, and decide on one."""

from __future__ import annotations

import argparse
import asyncio

from flows.cli.server import on_server
from flows.review import settle
from tasks.publish import find_kept, kept_episodes


def run(arguments: list[str]) -> int:
    """Exit status 0 if it was listed, or done as decided."""
    parser = argparse.ArgumentParser(
        prog="python -m flows review", description="List the episodes that their gate held back, or decide on one."
    )
    parser.add_argument("name", nargs="?", default="", help="the id of an episode that waits; default: list them")
    decision = parser.add_mutually_exclusive_group()
    decision.add_argument("--approve", dest="decision", action="store_const", const="approve", help="publish it")
    decision.add_argument(
        "--reject", dest="decision", action="store_const", const="reject", help="remove what was kept"
    )
    parser.add_argument("--by", default="", metavar="NAME", help="who decides")
    parser.add_argument("--note", default="", help="why; the manifest keeps it")
    given = parser.parse_args(arguments)
    if given.decision and not (given.name and given.by.strip()):
        parser.error("say which episode, and who decides: ID --approve --by NAME")
    if not given.decision:
        for kept in [find_kept.fn(given.name)] if given.name else kept_episodes():
            print(f"{kept.id}  {kept.title} ({kept.show}), kept {kept.kept_at}\n  listen {kept.page}")
            for failure in kept.failures:
                print(f"  {failure}")
        return 0
    kept = find_kept.fn(given.name)
    choice = {"decision": given.decision, "reviewer": given.by.strip(), "note": given.note}
    manifest = asyncio.run(on_server(lambda: settle(kept, **choice)))
    print(f"\n{kept.title}: {f'published, {manifest.page}' if manifest else 'rejected; nothing is published'}")
    return 0
