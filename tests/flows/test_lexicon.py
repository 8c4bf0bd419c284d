"""`python -m flows lexicon`, as a person uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.settings import load_settings
from flows.__main__ import main
from tasks.text.lexicon import read_lexicon


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "lexicon").mkdir()
    monkeypatch.setenv("HLADVARP_TTS__LEXICON", str(tmp_path / "lexicon"))
    load_settings.cache_clear()
    yield tmp_path / "lexicon"
    load_settings.cache_clear()


@pytest.fixture
def names(folder: Path) -> None:
    (folder / "names.yaml").write_text(
        "- {grapheme: Harpa, alias: Harba, ipa: ˈharpa, inflect: true}\n"
        "- {grapheme: Zoom, alias: súmm, scope: 'show:morgunn'}\n",
        "utf-8",
    )


@pytest.mark.usefixtures("names")
def test_a_text_is_read_for_a_show_and_a_voice(capsys):
    assert main(["lexicon", "Harpa á Zoom í Hörpu"]) == 0
    assert capsys.readouterr().out == "Harpa → Harba\nHörpu → Hörbu\n"

    assert main(["lexicon", "Harpa á Zoom", "--show", "morgunn", "--ipa"]) == 0
    assert capsys.readouterr().out == "Harpa → /ˈharpa/\nZoom → súmm\n"


@pytest.mark.usefixtures("names")
def test_the_files_are_checked(capsys, folder):
    assert main(["lexicon"]) == 0
    assert capsys.readouterr().out == "2 entries, 3 forms; nothing is wrong in them\n"

    (folder / "other.yaml").write_text("\n- {grapheme: harpa, alias: Harbba}", "utf-8")
    assert main(["lexicon"]) == 1
    assert "names.yaml, line 1, and in other.yaml, line 2" in capsys.readouterr().err


@pytest.mark.usefixtures("names")
def test_pls_goes_out_and_comes_back_as_yaml(capsys, tmp_path):
    assert main(["lexicon", "--pls"]) == 0
    pls = capsys.readouterr().out
    assert "Zoom" not in pls

    (tmp_path / "x.pls").write_text(pls, "utf-8")
    assert main(["lexicon", "--from-pls", str(tmp_path / "x.pls")]) == 0
    back = read_lexicon(capsys.readouterr().out, name="x")
    assert [(entry.grapheme, entry.alias, entry.ipa) for entry in back] == [
        ("Harpa", "Harba", "ˈharpa"),
        ("Hörpu", "Hörbu", ""),
    ]


def test_a_file_that_is_not_there_is_said(capsys):
    assert main(["lexicon", "--from-pls", "nowhere.pls"]) == 1
    assert "nowhere.pls cannot be read" in capsys.readouterr().err
