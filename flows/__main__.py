"""The command line: `python -m flows COMMAND …`; each command is a module of `flows.cli`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from blocks.settings import load_settings
from tasks.errors import HladvarpError

COMMANDS = {
    "produce": "make one episode and publish it",
    "preview": "hear one voice say a few sentences",
    "quality": "tell how a recording sounds",
    "review": "decide on episodes that their gate held back",
    "voices": "list the voices that can be cast",
    "benchmark": "measure how fast the engines of this machine are",
    "lexicon": "check how words are said, and exchange them as PLS",
    "clone": "clone the voice of a person who has consented",
    "revoke": "end a consent, and delete the voices that were cloned with it",
    "audit": "list who cloned, used, heard and revoked what",
}


def main(arguments: list[str]) -> int:
    """Exit status 0 only if the command did what it was asked."""
    parser = argparse.ArgumentParser(
        prog="python -m flows",
        description="Make podcast episodes.",
        epilog="\n".join(f"  {name:9} {what}" for name, what in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below; COMMAND --help tells")
    command = parser.parse_args(arguments[:1]).command
    # Only the command that is wanted: what `produce` needs takes seconds to import, and `preview` is to speak at once.
    run = import_module(f"flows.cli.{command}").run
    try:
        load_settings()  # what is wrong with them is said before a server starts
        return int(run(arguments[1:]))
    except HladvarpError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run it again and it goes on where it was", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
