"""`python -m flows revoke CONSENT`: end a consent, and delete the voices that were cloned with it."""

from __future__ import annotations

import argparse
import asyncio

from flows.cli.server import on_server
from flows.clone import revoke_consent


def run(arguments: list[str]) -> int:
    """Exit status 0 only if the consent has ended, and the vendor has none of its voices."""
    parser = argparse.ArgumentParser(prog="python -m flows revoke", description="End a person's consent.")
    parser.add_argument("consent", help="name of the block with the consent")
    parser.add_argument("--reason", default="", help="why, in a few words, for the audit log")
    given = parser.parse_args(arguments)
    ended = asyncio.run(on_server(lambda: revoke_consent(given.consent, given.reason)))
    print(f"\n{ended.consent}: revoked; deleted {', '.join(ended.deleted) or 'no voice'}")
    for preset in ended.by_hand:
        print(f"  to be deleted by hand: {preset}")
    return 0
