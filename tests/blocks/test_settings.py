from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.settings import load_settings
from tasks.errors import InvalidSettings


@pytest.fixture(autouse=True)
def read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asr:\n  modle: x\n", r"asr\.modle"),
        ("asr: {beam_size: many}\ningest: {max_bytes: -1}\n", r"ingest\.max_bytes.*asr\.beam_size"),
        ("shows: {hladvarp: {languages: []}}\n", r"shows\.hladvarp\.languages"),
        ("asr: [\n", "line 2"),
        ("- a\n", "names and values"),
        ("\x00\x01", "names and values"),
    ],
)
def test_load_settings_says_what_is_wrong_with_the_file(text: str, message: str):
    Path("hladvarp.yaml").write_text(text)

    with pytest.raises(InvalidSettings, match=message):
        load_settings()


def test_load_settings_says_so_when_the_named_file_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HLADVARP_SETTINGS_FILE", "/nowhere/hladvarp.yaml")

    with pytest.raises(InvalidSettings, match=r"/nowhere/hladvarp\.yaml"):
        load_settings()


def test_load_settings_takes_the_strongest_of_file_secrets_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    monkeypatch.setenv("HLADVARP_SECRETS_DIR", str(secrets))
    Path("hladvarp.yaml").write_text("s3: {region: file, access_key_id: file, endpoint_url: file}\npublic_url: file\n")
    (secrets / "HLADVARP_S3__ACCESS_KEY_ID").write_text("secret")
    (secrets / "HLADVARP_S3__SECRET_ACCESS_KEY").write_text("hidden")
    (secrets / "HLADVARP_S3__REGION").write_text("secret")
    (secrets / "HLADVARP_PUBLIC_URL").write_text("secret")
    monkeypatch.setenv("HLADVARP_S3__REGION", "variable")

    settings = load_settings()

    assert (settings.s3.endpoint_url, settings.s3.access_key_id, settings.s3.region) == ("file", "secret", "variable")
    assert settings.s3.secret_access_key.get_secret_value() == "hidden"
    assert settings.public_url == "secret"
    assert "hidden" not in repr(settings)


def test_load_settings_refuses_a_secret_of_the_wrong_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "HLADVARP_ASR__BEAM_SIZE").write_text("many")
    monkeypatch.setenv("HLADVARP_SECRETS_DIR", str(tmp_path))

    with pytest.raises(InvalidSettings, match=r"asr\.beam_size"):
        load_settings()
