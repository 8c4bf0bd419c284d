"""`python -m flows produce SOURCE …`: make one episode, and say where it is."""

from __future__ import annotations

import argparse
import asyncio
from typing import get_args

from pydantic import ValidationError

from flows.cli.server import on_server
from flows.episode import produce_episode
from tasks.schemas import AudioFormat, CastEntry, Chain, EpisodeRequest, Gate, LoudnessTarget, Mastering, Production

MOST_SUBSTITUTIONS = 10


def cast_entry(text: str) -> CastEntry:
    """`Kynnir=espeak-asa` as a cast entry."""
    speaker, equals, preset = text.rpartition("=")
    if not equals or not preset:
        raise argparse.ArgumentTypeError(f"{text!r} is not SPEAKER=VOICE")
    return CastEntry(speaker=speaker, preset=preset)


def parse(arguments: list[str]) -> EpisodeRequest:
    """The request that the arguments make."""
    parser = argparse.ArgumentParser(prog="python -m flows produce", description="Make one episode and publish it.")
    parser.add_argument("source", help="a file, a folder, an http(s) address, a feed, or a uri such as s3://…")
    parser.add_argument("--production", choices=get_args(Production), default="narrate")
    parser.add_argument("--show", default="hladvarp", help="which show it belongs to")
    parser.add_argument("--title", default="", help="default: the script's own, or the source's name")
    parser.add_argument("--language", default="auto", help="default: heard or read from the source")
    parser.add_argument("--publish-to", default="", metavar="PLACE", help="a folder, an s3:// uri, or block:name")
    parser.add_argument("--cast", nargs="+", type=cast_entry, default=[], metavar="SPEAKER=VOICE", action="extend")
    parser.add_argument("--template", default="", metavar="NAME", help="default: the show's; none: none")
    parser.add_argument("--chain", choices=get_args(Chain), default="speech", help="what is done to the sound")
    parser.add_argument(
        "--target", choices=get_args(LoudnessTarget), default="apple", help="whose loudness it is to have"
    )
    parser.add_argument("--loudness", type=float, default=0.0, metavar="LUFS", help="a loudness of your own")
    parser.add_argument("--channels", type=int, choices=(1, 2), default=2)
    parser.add_argument("--formats", nargs="+", choices=get_args(AudioFormat), default=["mp3"], help="beside the MP3")
    parser.add_argument(
        "--round-trip", choices=("auto", "always", "never"), default="auto", help="hear what voices say again (auto)"
    )
    parser.add_argument("--budget", type=float, default=0.0, metavar="USD", help="stop before it would cost more")
    parser.add_argument("--pods", type=int, default=1, help="machines that share each stage placed on a work pool")
    given = parser.parse_args(arguments)
    try:
        return EpisodeRequest(
            source=given.source,
            production=given.production,
            show=given.show,
            title=given.title,
            language=given.language,
            cast=tuple(given.cast),
            template=given.template,
            mastering=Mastering(
                chain=given.chain,
                target=given.target,
                loudness_lufs=given.loudness,
                channels=given.channels,
                formats=tuple(given.formats),
            ),
            gate=Gate(round_trip=given.round_trip),
            publish_to=given.publish_to,
            budget=given.budget,
            pods=given.pods,
        )
    except ValidationError as error:
        parser.error("; ".join(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors()))


def run(arguments: list[str]) -> int:
    """Exit status 0 only if the episode was published."""
    request = parse(arguments)
    manifest = asyncio.run(on_server(lambda: produce_episode(request)))
    minutes, seconds = divmod(round(manifest.duration_s), 60)
    loudness = manifest.loudness
    print(
        f"\n{manifest.title} ({minutes}:{seconds:02d}, {loudness.integrated_lufs:.1f} LUFS, "
        f"{loudness.true_peak_dbtp:.1f} dBTP; clips made {manifest.clips_made}, reused {manifest.clips_reused})\n"
        f"  audio  {manifest.published_to}/episode.mp3\n"
        f"  listen {manifest.page}\n"
        f"  feed   {manifest.feed}"
    )
    if (trip := manifest.round_trip) and trip.lines:
        print(
            f"  heard  {trip.lines} lines again: {trip.mean_error_rate:.1%} of their letters otherwise, "
            f"{trip.worst_error_rate:.0%} in the worst; {trip.retaken} lines were retaken"
        )
    for note in manifest.notes:
        print(f"  note   {note}")
    for one in manifest.substitutions[:MOST_SUBSTITUTIONS]:
        print(f"  note   line {one.line} is read by {one.preset} instead of {one.instead_of}: {one.reason}")
    if len(manifest.substitutions) > MOST_SUBSTITUTIONS:
        print(f"  note   {len(manifest.substitutions)} lines in all are read by another voice; the manifest lists them")
    return 0
