"""What README.md shows is so: its settings load, its script is read, its commands and files exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from blocks.settings import load_settings
from flows.cli.produce import parse
from tasks.errors import InvalidTemplate
from tasks.schemas import Ducking, EpisodeRequest, EpisodeTemplate
from tasks.text.lexicon import Lexicon
from tasks.text.lexicon_entries import read_lexicon
from tasks.text.script import parse_script
from tasks.text.yaml_entries import read_entries
from tasks.tts.casting import cast_voices
from tasks.tts.presets import read_presets, shipped_presets

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block(language: str, holding: str = "") -> str:
    return next(text for text in re.findall(rf"```{language}\n(.*?)```", README, re.S) if holding in text)


@pytest.fixture
def shown_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "hladvarp.yaml").write_text(block("yaml", "publish_to"))
    monkeypatch.setenv("HLADVARP_SETTINGS_FILE", str(tmp_path / "hladvarp.yaml"))
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_readme_shows_settings_that_load(shown_settings: None):
    settings = load_settings()

    shown = yaml.safe_load(block("yaml", "publish_to"))
    assert settings.target_uri == shown["publish_to"]
    assert settings.show("hladvarp").languages == ("is", "en")


def test_readme_shows_a_script_whose_speakers_have_voices():
    script = parse_script(block("markdown"), name="readme.md")

    assert script.title == "Titill þáttarins"
    assert [chapter.title for chapter in script.chapters] == ["Kveðja"]
    cast = re.search(r"`--cast (.*?)`", README)[1].split()
    request = parse(["samtal.md", "--cast", *cast])
    voices = {voice.name: voice for voice in shipped_presets()}
    assert set(cast_voices(script, request.cast, voices)) == {"Kynnir", "Gestur"}


def test_readme_names_targets_that_the_makefile_has():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))

    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.M))
    assert {"episode", "test", "server"} <= named <= targets


def test_readme_sends_requests_that_are_requests():
    sent = [json.loads(each)["parameters"]["request"] for each in re.findall(r"-d '(.*)'", README)]
    given = [json.loads(each) for each in re.findall(r"--param 'request=(.*)'", README)]

    requests = [EpisodeRequest(**each) for each in (*sent, *given)]
    assert len(requests) == 2
    assert all((ROOT / request.source).is_file() for request in requests)


def test_readme_names_folders_and_files_that_exist():
    named = re.findall(r"`((?:tasks|flows|blocks|deployments|tests)/[\w/.]+)`", README)

    assert len(named) > 2
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_readme_shows_a_preset_and_a_lexicon_that_are_read():
    (preset,) = read_presets(block("yaml", "frettathulur"), name="README")
    lexicon = Lexicon(read_lexicon(block("yaml", "grapheme"), name="README"))

    known = {voice.name for voice in shipped_presets()}
    assert set(preset.fallback) <= known
    spans, marks = lexicon.readings("Frá Geysi í Reykholt og HS", "is", show="orkan", preset="", ipa=True)
    assert [span.spoken for span in spans] == ["Geisi", "Reykholt", "Hitaveita Suðurnesja"]
    assert [mark.settings["ph"] for mark in marks] == ["ˈreiːkʰɔl̥t"]


def test_readme_shows_a_template_and_a_recorded_clip_that_are_read():
    (template,) = read_entries(block("yaml", "undirspil"), EpisodeTemplate, InvalidTemplate, name="README")
    row = re.search(r"`(.{1,20}\[clip: .*?\])`", README)[1]
    (line,) = parse_script(row, name="readme.md").lines

    assert set(template.files) == {"intro", "sting", "bed", "outro", "room_tone"}
    assert template.bed.ducking == Ducking(), "the defaults"
    assert (line.speaker, line.insert.file, line.text) == ("Gestur", "upptokur/svar.wav", "Já, það var svona.")
