"""The command line: `python -m flows produce SOURCE …`; parses, calls, and says where the episode is."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import get_args

from prefect.settings import temporary_settings
from pydantic import ValidationError

from blocks.settings import load_settings
from deployments.bootstrap import bootstrap
from deployments.temporary_server import end_temporary_server_with_us
from flows.episode import produce_episode
from tasks.errors import HladvarpError
from tasks.schemas import CastEntry, EpisodeManifest, EpisodeRequest, Mastering, Production


def cast_entry(text: str) -> CastEntry:
    """`Kynnir=espeak-asa` as a cast entry."""
    speaker, equals, preset = text.rpartition("=")
    if not equals or not preset:
        raise argparse.ArgumentTypeError(f"{text!r} is not SPEAKER=VOICE")
    return CastEntry(speaker=speaker, preset=preset)


def parse(arguments: list[str]) -> EpisodeRequest:
    """The request that the arguments make."""
    parser = argparse.ArgumentParser(prog="python -m flows", description="Make podcast episodes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    produce = commands.add_parser("produce", help="make one episode and publish it")
    produce.add_argument("source", help="a file, a folder, an http(s) address, a feed, or a uri such as s3://…")
    produce.add_argument("--production", choices=get_args(Production), default="narrate")
    produce.add_argument("--show", default="hladvarp", help="which show it belongs to")
    produce.add_argument("--title", default="", help="default: the script's own, or the source's name")
    produce.add_argument("--language", default="auto", help="default: heard or read from the source")
    produce.add_argument("--publish-to", default="", metavar="PLACE", help="a folder, an s3:// uri, or block:name")
    produce.add_argument("--cast", nargs="+", type=cast_entry, default=[], metavar="SPEAKER=VOICE", action="extend")
    produce.add_argument("--loudness", type=float, default=0.0, metavar="LUFS", help="default: -16, in one channel -19")
    produce.add_argument("--channels", type=int, choices=(1, 2), default=2)
    produce.add_argument("--budget", type=float, default=0.0, metavar="USD", help="stop before it would cost more")
    given = parser.parse_args(arguments)
    try:
        return EpisodeRequest(
            source=given.source,
            production=given.production,
            show=given.show,
            title=given.title,
            language=given.language,
            cast=tuple(given.cast),
            mastering=Mastering(loudness_lufs=given.loudness, channels=given.channels),
            publish_to=given.publish_to,
            budget=given.budget,
        )
    except ValidationError as error:
        parser.error("; ".join(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors()))


async def produce(request: EpisodeRequest) -> EpisodeManifest:
    """Bootstrap, then produce, on the configured server or on one that lives as long as this command."""
    # A server of a minute's life has no use for automations, and they would contend for its SQLite.
    with temporary_settings({"server.services.triggers.enabled": False}):
        await bootstrap()
        end_temporary_server_with_us()
        return await produce_episode(request)


def main() -> int:
    """Exit status 0 only if the episode was published."""
    request = parse(sys.argv[1:])
    try:
        load_settings()  # what is wrong with them is said before a server starts
        manifest = asyncio.run(produce(request))
    except HladvarpError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run it again and it goes on where it was", file=sys.stderr)
        return 130
    minutes, seconds = divmod(round(manifest.duration_s), 60)
    loudness = manifest.loudness
    print(
        f"\n{manifest.title} ({minutes}:{seconds:02d}, {loudness.integrated_lufs:.1f} LUFS, "
        f"{loudness.true_peak_dbtp:.1f} dBTP; clips made {manifest.clips_made}, reused {manifest.clips_reused})\n"
        f"  audio  {manifest.published_to}/episode.mp3\n"
        f"  listen {manifest.page}\n"
        f"  feed   {manifest.feed}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
