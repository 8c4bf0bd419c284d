"""Whose folder: an episode finds its own again, and another's stays as it is, whatever has happened to either."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from s3_server import S3Server

from blocks.storage import Target, open_target
from tasks.errors import InvalidRequest
from tasks.feed.claim import Claim, ClaimedSource
from tasks.feed.folder_name import folder_name, take_folder, wished_name

GARBAGE = b"garbage"
FILES = ("claim.json", "manifest.json", "item.json")


def claim_of(source: str, production: str = "narrate", sha256: str = "") -> Claim:
    return Claim(production=production, source=ClaimedSource(address=source, sha256=sha256 or f"of {source}"))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return open_target(tmp_path / "published")


def claim_folder(target: Target, name: str, claim: Claim) -> None:
    """Leave what a published episode leaves: its claim, a manifest that says more, and a record."""
    said = claim.model_dump_json()
    target.put_bytes(said.encode(), f"s/{name}/claim.json")
    target.put_bytes(said.replace("{", '{"schema_version": 9, ', 1).encode(), f"s/{name}/manifest.json")
    target.put_bytes(b'{"title": "?"}', f"s/{name}/item.json")


def publish(target: Target, claim: Claim, wished: str = "frettir") -> str:
    name = take_folder(target, "s", wished, claim)
    claim_folder(target, name, claim)
    return name


@pytest.mark.parametrize(
    ("title", "source", "name"),
    [
        ("Fréttir", "frettir.md", "frettir"),
        ("Fréttir 3. maí", "script.md", "frettir-3-mai-script"),
        ("Samtal", "a.md", "samtal-a"),
        ("Samtal á ferð", "a.md", "samtal-a-ferd"),
        ("Samtal á ferð", "e.md", "samtal-a-ferd-e"),
        ("Fréttir", "🎉.md", "frettir-x-6146299c"),
    ],
)
def test_wished_name_is_the_title_and_the_source_where_it_says_something_else(title, source, name):
    assert wished_name(title, source) == name


def test_folder_name_is_the_same_each_time_and_for_a_source_that_was_edited_or_moved(target):
    assert publish(target, claim_of("/a/frettir.md")) == "frettir"
    assert publish(target, claim_of("/a/frettir.md", sha256="edited")) == "frettir"
    assert publish(target, claim_of("/moved/frettir.md", sha256="edited")) == "frettir"


def test_folder_name_is_known_again_when_the_second_source_of_a_title_moves(target):
    publish(target, claim_of("/a/frettir.md"))
    name = publish(target, claim_of("/b/frettir.md"))
    other = publish(target, claim_of("/c/frettir.md"))

    assert publish(target, claim_of("/moved/frettir.md", sha256="of /b/frettir.md")) == name
    assert publish(target, claim_of("/moved/frettir.md", sha256="edited")) == name
    assert publish(target, claim_of("/c/frettir.md")) == other != name
    assert publish(target, claim_of("/moved/frettir.md", "revoice", "edited")) not in {name, other}


@pytest.mark.parametrize("n_at_once", [2, 8])
@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_take_folder_gives_each_of_many_at_once_a_folder_of_its_own(request, target, place: str, n_at_once: int):
    if place == "bucket":
        server: S3Server = request.getfixturevalue("s3_server")
        target = open_target(f"s3://{server.fresh_folder()}", server.access)
    claims = [claim_of(f"/{n}/frettir.md") for n in range(n_at_once)]
    together = Barrier(n_at_once)

    def take(claim: Claim) -> str:
        together.wait()
        return take_folder(target, "s", "frettir", claim)

    for _ in range(3):
        with ThreadPoolExecutor(n_at_once) as pool:
            taken = list(pool.map(take, claims))
        assert len(set(taken)) == n_at_once
        assert [folder_name(target, "s", "frettir", claim) for claim in claims] == taken
        for name in target.names("s"):
            target.delete(name)


def test_folder_name_keeps_sources_and_productions_of_one_title_apart(target):
    claims = [claim_of(f"/{n}/frettir.md", production) for n in range(3) for production in ("enhance", "revoice")]

    names = [publish(target, claim) for claim in claims]

    assert len(set(names)) == len(claims)
    assert names[:2] == ["frettir", "frettir-revoice"]
    assert [publish(target, claim) for claim in claims] == names


def test_folder_name_is_not_one_that_another_title_has(target):
    claim_folder(target, "frettir", claim_of("/a/frettir.md", "enhance"))
    claim_folder(target, "frettir-revoice", claim_of("/b/frettir-revoice.md"))

    name = publish(target, claim_of("/a/frettir.md", "revoice"))

    assert name not in {"frettir", "frettir-revoice"}
    assert publish(target, claim_of("/a/frettir.md", "revoice")) == name


@pytest.mark.parametrize("spoiled", FILES)
@pytest.mark.parametrize("left", [GARBAGE, b"", b"{}", None], ids=["garbage", "empty", "nothing known", "removed"])
def test_folder_name_knows_whose_folder_it_is_when_one_of_its_files_is_spoiled(target, spoiled, left):
    publish(target, mine := claim_of("/a/frettir.md"))
    if left is None:
        target.delete(f"s/frettir/{spoiled}")
    else:
        target.put_bytes(left, f"s/frettir/{spoiled}")

    assert folder_name(target, "s", "frettir", mine) == "frettir"
    assert folder_name(target, "s", "frettir", claim_of("/b/frettir.md")) != "frettir"


def test_folder_name_leaves_a_folder_alone_that_nobody_can_read_any_more(target):
    for name in FILES:
        target.put_bytes(GARBAGE, f"s/frettir/{name}")

    name = publish(target, claim_of("/a/frettir.md"))

    assert name != "frettir"
    assert publish(target, claim_of("/a/frettir.md")) == name


def test_folder_name_stays_when_the_one_that_was_wished_for_becomes_free(target):
    publish(target, claim_of("/a/frettir.md"))
    name = publish(target, claim_of("/b/frettir.md"))
    for file in target.names("s/frettir"):
        target.delete(file)

    assert folder_name(target, "s", "frettir", claim_of("/b/frettir.md")) == name


def test_folder_name_stays_when_a_source_is_overwritten_with_anothers_bytes(target):
    publish(target, claim_of("/a/frettir.md"))
    name = publish(target, claim_of("/b/frettir.md"))

    assert publish(target, claim_of("/b/frettir.md", sha256="of /a/frettir.md")) == name
    assert publish(target, claim_of("/b/frettir.md", sha256="edited")) == name
    assert publish(target, claim_of("/a/frettir.md")) == "frettir"


@pytest.mark.parametrize("left", [GARBAGE, None], ids=["garbage", "removed"])
def test_folder_name_of_a_second_production_stays_whatever_happens_to_the_first(target, left):
    publish(target, claim_of("/a/frettir.md", "enhance"))
    name = publish(target, claim_of("/a/frettir.md", "revoice"))
    for file in FILES:
        target.delete(f"s/frettir/{file}") if left is None else target.put_bytes(left, f"s/frettir/{file}")

    assert publish(target, claim_of("/a/frettir.md", "revoice")) == name == "frettir-revoice"


def test_folder_name_takes_what_a_killed_run_has_begun(target):
    target.put_bytes(b"half", "s/frettir/episode.mp3")

    assert folder_name(target, "s", "frettir", claim_of("/a/frettir.md")) == "frettir"


def test_folder_name_says_so_when_others_have_all_names(target):
    mine, names = claim_of("/a/frettir.md"), []
    for _ in range(4):
        names.append(folder_name(target, "s", "frettir", mine))
        claim_folder(target, names[-1], claim_of("/other.md"))

    assert len(set(names)) == 4
    with pytest.raises(InvalidRequest, match="give it another title"):
        folder_name(target, "s", "frettir", mine)
