"""What an episode's folder is called: the same name each time, and never one that another episode has."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from tasks.errors import InvalidRequest
from tasks.feed.claim import Claim, ClaimedSource
from tasks.feed.episode_folder import RECORD, PublishingTarget
from tasks.feed.item import recorded_claim
from tasks.feed.manifest import MANIFEST, read_claim
from tasks.feed.slug import slugify

_SOMEBODY = Claim(production="", source=ClaimedSource(address="", sha256=""))
"""Whoever has left what cannot be read any more: never the one who asks."""


def wished_name(title: str, source_name: str) -> str:
    """The episode's title, and the source's name where that says something else.

    So a weekly title from a new file is a new episode, and the same file, edited, is the same.
    """
    plain, stem = slugify(title), slugify(PurePosixPath(source_name).stem)
    return plain if f"-{stem}-" in f"-{plain}-" else slugify(f"{plain}-{stem}")


def folder_name(target: PublishingTarget, show_slug: str, wished: str, claim: Claim) -> str:
    """The episode's folder in its show: the one that it has, or else `wished`, or else what nobody has.

    Two weeks' `script.md` in two folders, both called Fréttir, are two episodes.
    Raises: InvalidRequest where others have all names.
    """
    mark = hashlib.sha256(claim.source.address.encode()).hexdigest()
    short, by_production = f"{wished}-{mark[:8]}", f"{wished}-{claim.production}"
    names = (wished, by_production, short, f"{short}-{claim.production}", f"{wished}-{mark}-{claim.production}")
    owners: dict[str, Claim | None] = {}
    for name in names:
        owners[name] = has = owner(target, f"{show_slug}/{name}")
        # A file that was copied over another is still the other's episode: where it lies says more than what it holds.
        if has and has.is_of_episode(claim) and has.source.address == claim.source.address:
            return name
    own = [name for name, has in owners.items() if has and has.is_of_episode(claim)]
    first = owners[wished]
    is_another_production = first is not None and first.is_of_source(claim)
    free = [name for name, has in owners.items() if has is None and (name != by_production or is_another_production)]
    if not own and not free:
        raise InvalidRequest(
            f"the folder {target.uri(f'{show_slug}/{wished}')} is another episode's, and so is each other that this "
            "episode could have; give it another title"
        )
    return (own or free)[0]


def owner(target: PublishingTarget, folder: str) -> Claim | None:
    """Whose a folder is, as its manifest says, or else its record; None where it has neither."""
    manifest, record = target.read(f"{folder}/{MANIFEST}"), target.read(f"{folder}/{RECORD}")
    if manifest is None and record is None:
        return None
    return read_claim(manifest) or recorded_claim(record) or _SOMEBODY
