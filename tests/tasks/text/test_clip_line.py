"""Recorded clips in a script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import InvalidScript
from tasks.schemas import Script
from tasks.text.script import parse_script, write_script

DIALECT = """# Þáttur
## **[Intro: Kveðja]**
🎙 **Kynnir:** Hér er svarið.

👨‍💻 **Gestur:** [clip: upptokur/svar 1.wav "Já, það var *svona*."]

[clip: klukka.flac]

**Gestur:**
[Clip: lok.wav „Bless.“]

## Lok

- [clip: klukka.flac]
**Kynnir:** Takk.
"""

YAML = """
title: Þáttur
lines:
- {speaker: Kynnir, text: Hér er svarið.}
- {speaker: Gestur, clip: upptokur/svar 1.wav, text: "Já, það var svona."}
- heading: Lok
- clip: klukka.flac
"""


def heard(script: Script) -> list[tuple[str, str, str]]:
    return [(line.speaker, line.insert.file if line.insert else "", line.text) for line in script.lines]


def test_a_clip_stands_among_what_is_read():
    script = parse_script(DIALECT, name="a.md")

    assert heard(script) == [
        ("Kynnir", "", "Hér er svarið."),
        ("Gestur", "upptokur/svar 1.wav", "Já, það var svona."),
        ("", "klukka.flac", ""),
        ("Gestur", "lok.wav", "Bless."),
        ("", "klukka.flac", ""),
        ("Kynnir", "", "Takk."),
    ]
    assert [line.number for line in script.lines] == [3, 5, 7, 10, 14, 15]
    assert [(chapter.title, chapter.first_line) for chapter in script.chapters] == [("Kveðja", 0), ("Lok", 4)]
    assert script.speakers == ("Kynnir",), "nobody needs to be cast for what was recorded"


def test_a_clip_stands_in_yaml_and_in_text_without_speakers():
    assert heard(parse_script(YAML, name="a.yaml")) == [
        ("Kynnir", "", "Hér er svarið."),
        ("Gestur", "upptokur/svar 1.wav", "Já, það var svona."),
        ("", "klukka.flac", ""),
    ]
    assert heard(parse_script("Fyrst þetta.\n[clip: a.wav]\nSvo þetta.", name="a.txt")) == [
        ("", "", "Fyrst þetta."),
        ("", "a.wav", ""),
        ("", "", "Svo þetta."),
    ]
    assert heard(parse_script("Kynnir: Já.\n\n[clip: a.wav]\n\nKynnir: Nei.", name="a.txt")) == [
        ("Kynnir", "", "Já."),
        ("", "a.wav", ""),
        ("Kynnir", "", "Nei."),
    ]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("../svar.wav", "climbs out"),
        ("a/../../svar.wav", "climbs out"),
        ("/etc/passwd", "no path from"),
        ("~/svar.wav", "no path from"),
        ("a\\b.wav", "no path from"),
        ("http://127.0.0.1/svar.wav", "an address"),
        ("https://example.is/svar.wav", "an address"),
        ("file:///etc/passwd", "an address"),
        ("s3://bucket/svar.wav", "an address"),
        ("C:svar.wav", "an address"),
        ("concat:a|b", "an address"),
        ("a" * 300 + ".wav", "cannot be the name"),
        ("", "names no file"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_with_its_line(file: str, reason: str):
    with pytest.raises(InvalidScript, match=rf"line 3: .*{reason}"):
        parse_script(f"**Kynnir:** Hæ.\n\n[clip: {file}]\n", name="a.md")
    with pytest.raises(InvalidScript, match=rf"line 3: .*{reason}"):
        parse_script(f"lines:\n- text: Hæ\n- clip: '{file}'\n", name="a.yaml")


@pytest.mark.parametrize(
    "row",
    [
        "**Kynnir:** Hlustum. [clip: a.wav]",
        "**Kynnir:** [clip: a.wav] Þetta var hann.",
        "**Kynnir:** [clip: a.wav",
        '**Kynnir:** [clip: a.wav "Já]',
        '**Kynnir:** [clip: a.wav "]',
        "**Kynnir:** [clip: a.wav] og [clip: b.wav]",
    ],
)
def test_a_clip_among_words_is_not_read_aloud_but_refused(row: str):
    with pytest.raises(InvalidScript, match=r"line 2: a \[clip: …\] stands alone"):
        parse_script(f"# Þáttur\n{row}\n", name="a.md")


@pytest.mark.parametrize("filling", [" ", "[", '"', "a ", "„ “", "[clip:"])
def test_a_clip_that_never_ends_costs_no_time(filling: str):
    with pytest.raises(InvalidScript, match="line 1"):
        parse_script(f"**Kynnir:** [clip: {filling * 100_000}", name="a.md")


def test_an_escaped_bracket_is_a_word():
    script = parse_script("**Kynnir:** Skrifið \\[clip: a.wav] í handritið.", name="a.md")

    assert heard(script) == [("Kynnir", "", "Skrifið [clip: a.wav] í handritið.")]


@pytest.mark.parametrize("text", [DIALECT, YAML, "[clip: a.wav]\n\nTexti."])
def test_a_script_that_is_written_is_read_again(text: str):
    script = parse_script(text, name="a.md")

    assert heard(parse_script(write_script(script), name="a.md")) == heard(script)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_written_about_a_clip_is_read_or_refused(file: str, text: str):
    try:
        script = parse_script(f'**Kynnir:** Hæ.\n\n[clip: {file} "{text}"]', name="a.md")
    except InvalidScript:
        return
    assert all(".." not in line.insert.file.split("/") for line in script.inserts if line.insert)
