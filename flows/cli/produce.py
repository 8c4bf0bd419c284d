"""`python -m flows produce SOURCE …`: make one episode, and say where it is."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flows.cli.server import on_server
from flows.episode import produce_episode
from tasks.schemas import AudioFormat, CastEntry, Chain, EpisodeRequest, LoudnessTarget, Production

MOST_SUBSTITUTIONS = 10
GROUPS = ("treatment", "mastering", "gate")
"""Fields of the request that have fields of their own."""


class Setting(NamedTuple):
    """One field that has no option of its own."""

    group: str
    field: str
    value: Any


def setting(text: str) -> Setting:
    """`mastering.bit_rate_kbps=192` as a setting; what is no JSON is a word."""
    name, equals, value = text.partition("=")
    group, dot, field = name.partition(".")
    if not equals or not dot or group not in GROUPS:
        raise argparse.ArgumentTypeError(f"{text!r} is not GROUP.FIELD=VALUE with one of {', '.join(GROUPS)}")
    try:
        return Setting(group, field, json.loads(value))
    except (ValueError, RecursionError):
        return Setting(group, field, value)


def cast_entry(text: str) -> CastEntry:
    """`Kynnir=espeak-asa` as a cast entry."""
    speaker, equals, preset = text.rpartition("=")
    if not equals or not preset:
        raise argparse.ArgumentTypeError(f"{text!r} is not SPEAKER=VOICE")
    return CastEntry(speaker=speaker, preset=preset)


def parse(arguments: list[str]) -> EpisodeRequest:
    """The request that the arguments make."""
    parser = _parser()
    given = parser.parse_args(arguments)
    request = {
        "source": given.source,
        "production": given.production,
        "show": given.show,
        "title": given.title,
        "language": given.language,
        "cast": given.cast,
        "template": given.template,
        "treatment": {},
        "mastering": {
            "chain": given.chain,
            "target": given.target,
            "loudness_lufs": given.loudness,
            "channels": given.channels,
            "formats": given.formats,
        },
        "gate": {"round_trip": given.round_trip},
        "publish_to": given.publish_to,
        "budget": given.budget,
        "pods": given.pods,
    }
    with_option = {(group, field) for group in GROUPS for field in request[group]}
    for group, field, value in given.set:
        if (group, field) in with_option:
            parser.error(f"--set {group}.{field}: there is an option of its own for that, see --help")
        request[group][field] = value
    try:
        return EpisodeRequest.model_validate(request)
    except ValidationError as error:
        parser.error("; ".join(f"{'.'.join(map(str, wrong['loc']))}: {_what_is(wrong)}" for wrong in error.errors()))


def _parser() -> argparse.ArgumentParser:
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
    parser.add_argument(
        "--set",
        nargs="+",
        type=setting,
        default=[],
        metavar="GROUP.FIELD=VALUE",
        action="extend",
        help="any other field, such as treatment.noise_reduction=off or mastering.true_peak_dbtp=-2",
    )
    parser.add_argument("--budget", type=float, default=0.0, metavar="USD", help="stop before it would cost more")
    parser.add_argument("--pods", type=int, default=1, help="machines that share each stage placed on a work pool")
    return parser


def _what_is(wrong: ErrorDetails) -> str:
    return "there is no such field" if wrong["type"] == "extra_forbidden" else wrong["msg"]


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
