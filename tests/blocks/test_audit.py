"""The log of what was done with cloned voices, in a folder and in a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from s3_server import KEY, SECRET, S3Server

from blocks import audit
from blocks.audit import read_all, record
from blocks.places import audio_store
from blocks.settings import load_settings
from blocks.storage.payload import Headers, Payload
from tasks.errors import StorageError, WriteConflict


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the settings say that the store is."""
    uri = str(tmp_path / "store")
    monkeypatch.setenv("HLADVARP_S3__BLOCK", "")
    if request.param == "bucket":
        server: S3Server = request.getfixturevalue("s3_server")
        uri = f"s3://{server.fresh_folder()}/store"
        for name, value in {
            "ENDPOINT_URL": server.endpoint_url,
            "ACCESS_KEY_ID": KEY,
            "SECRET_ACCESS_KEY": SECRET,
        }.items():
            monkeypatch.setenv(f"HLADVARP_S3__{name}", value)
    monkeypatch.setenv("HLADVARP_STORE", uri)
    load_settings.cache_clear()
    yield uri
    load_settings.cache_clear()


def test_record_keeps_who_did_what_with_which_voice_and_when(store: str):
    before = datetime.now(UTC)
    record("voice.cloned", preset="gudrun-klonud", voice="abc123", consent="gudrun", person="Guðrún Jónsdóttir")
    record("voice.used", preset="gudrun-klonud", show="hladvarp", episode="surtsey")

    cloned, used = read_all()
    assert (cloned.event, cloned.preset, cloned.person) == ("voice.cloned", "gudrun-klonud", "Guðrún Jónsdóttir")
    assert (used.event, used.episode) == ("voice.used", "surtsey")
    assert before <= cloned.at <= used.at <= before + timedelta(minutes=5)
    assert "@" in cloned.by


def test_read_all_gives_nothing_where_nothing_was_recorded(store: str):
    assert read_all() == ()


def test_record_keeps_every_entry_of_many_at_once(store: str):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: record("voice.used", episode=f"thattur-{number}"), range(40)))

    entries = read_all()
    assert sorted(entry.episode for entry in entries) == sorted(f"thattur-{number}" for number in range(40))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_record_never_overwrites_an_entry(store: str, monkeypatch: pytest.MonkeyPatch):
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

    monkeypatch.setattr(audit, "datetime", Stopped)
    monkeypatch.setattr(audit.secrets, "token_hex", lambda _: "0" * 16)
    record("voice.used", episode="fyrri")

    with pytest.raises(WriteConflict, match="no entry is ever changed"):
        record("voice.used", episode="seinni")

    assert [entry.episode for entry in read_all()] == ["fyrri"]


@pytest.mark.parametrize("name", ["text", "api_key", "samples"])
def test_record_takes_no_field_that_could_hold_a_text_or_a_key(store: str, name: str):
    with pytest.raises(ValidationError):
        record("voice.used", **{name: "leyndó"})

    assert read_all() == ()


def test_read_all_passes_over_an_entry_that_somebody_damaged(store: str):
    record("voice.used", episode="heill")
    shelf = audio_store().shelf
    (name,) = shelf.names("audit")
    kept = json.loads(shelf.read(name) or b"")
    assert kept["event"] == "voice.used"
    shelf.put("audit/20000101T000000.000000Z-0.json", Payload.of(b"{"), Headers())

    assert [entry.episode for entry in read_all()] == ["heill"]


def test_record_says_when_the_log_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "store").write_text("a file where the folder should be")
    monkeypatch.setenv("HLADVARP_STORE", str(tmp_path / "store"))
    load_settings.cache_clear()
    try:
        with pytest.raises(StorageError):
            record("voice.cloned", preset="gudrun-klonud")
    finally:
        load_settings.cache_clear()
