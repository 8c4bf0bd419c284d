"""What an episode's folder is called: the same name each time, and never one that another episode has."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import PurePosixPath

from tasks.errors import InvalidRequest
from tasks.feed.claim import CLAIM, Claim, ClaimedSource, read_claim
from tasks.feed.episode_folder import RECORD, PublishingTarget
from tasks.feed.manifest import MANIFEST
from tasks.feed.slug import slugify

_SOMEBODY = Claim(production="", source=ClaimedSource(address="", sha256=""))
"""Whoever has left what cannot be read any more: never the one who asks."""


def wished_name(title: str, source_name: str) -> str:
    """The episode's title, and the source's name where that says something else.

    So a weekly title from a new file is a new episode, and the same file, edited, is the same.
    """
    plain, stem = slugify(title), slugify(PurePosixPath(source_name).stem)
    return plain if f"-{stem}-" in f"-{plain}-" else slugify(f"{plain}-{stem}")


def take_folder(target: PublishingTarget, show_slug: str, wished: str, claim: Claim) -> str:
    """Claim the episode's folder, and give its name; of two that want the same at once, one gets another.

    Raises: InvalidRequest where others have all names, StorageError.
    """
    while True:
        name = folder_name(target, show_slug, wished, claim)
        try:
            target.update(f"{show_slug}/{name}/{CLAIM}", partial(_claimed, target, f"{show_slug}/{name}", claim))
        except _TakenMeanwhile:
            continue
        return name


def folder_name(target: PublishingTarget, show_slug: str, wished: str, claim: Claim) -> str:
    """The episode's folder in its show: the one that it has, or else `wished`, or else what nobody has.

    Two weeks' `script.md` in two folders, both called Fréttir, are two episodes.
    Raises: InvalidRequest where others have all names, StorageError.
    """
    mark = hashlib.sha256(claim.source.address.encode()).hexdigest()
    short, by_production = f"{wished}-{mark[:8]}", f"{wished}-{claim.production}"
    names = (wished, by_production, short, f"{short}-{claim.production}", f"{wished}-{mark}-{claim.production}")
    there = {name.split("/")[1] for name in target.names(show_slug)}
    has_mark = re.compile(rf"{re.escape(wished)}-([0-9a-f]{{8}}|[0-9a-f]{{64}})(-{re.escape(claim.production)})?")
    moved = sorted(filter(has_mark.fullmatch, there - set(names)))
    claims = {name: owner(target, f"{show_slug}/{name}") for name in (*names, *moved) if name in there}
    owners = {name: has for name, has in claims.items() if has}

    own = [name for name, has in owners.items() if has.is_of_episode(claim)]
    # A file that was copied over another is still the other's episode: where it lies says more than what it holds.
    own.sort(key=lambda name: owners[name].source.address != claim.source.address)
    is_another_production = wished in owners and owners[wished].is_of_source(claim)
    free = [name for name in names if name not in owners and (name != by_production or is_another_production)]
    if not own and not free:
        raise InvalidRequest(
            f"the folder {target.uri(f'{show_slug}/{wished}')} is another episode's, and so is each other that this "
            "episode could have; give it another title"
        )
    return (own or free)[0]


def owner(target: PublishingTarget, folder: str) -> Claim | None:
    """Whose a folder is, as its claim says, or else its manifest; None where nobody has claimed it."""
    is_claimed = False
    for name in (CLAIM, MANIFEST, RECORD):
        data = target.read(f"{folder}/{name}")
        if has := read_claim(data):
            return has
        is_claimed |= data is not None
    return _SOMEBODY if is_claimed else None


class _TakenMeanwhile(Exception):
    """Somebody else was first."""


def _claimed(target: PublishingTarget, folder: str, claim: Claim) -> bytes:
    has = owner(target, folder)
    if has and not has.is_of_episode(claim):
        raise _TakenMeanwhile
    return claim.model_dump_json().encode()
