# ruff: noqa: E501  (tables of examples)

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import EmptySource, HladvarpError, InvalidScript, SourceTooLarge
from tasks.schemas import Line, Script, ScriptChapter
from tasks.text.script import decode_text, looks_like_script, parse_script, write_script

DIALECT = """# Saga þáttarins

## **[Intro: Velkomin]**

🎙 **Kynnir:** Góðan *daginn*, sjá [vefinn](https://ruv.is).

👨‍💻 **Gestur:** Sæl og blessuð.
Ég held áfram í næstu línu.

Og í næstu efnisgrein.

---
<!-- athugasemd
í tveimur línum -->
## **[Segment 1: Saga]**

**Kynnir**: kl. 14:30 kom hann.
"""


def parse(text, name="thattur.md"):
    return parse_script(text, name=name)


def content(script):
    return [(line.speaker, line.text) for line in script.lines]


def test_parse_script_reads_the_dialect():
    script = parse(DIALECT)
    assert script.title == "Saga þáttarins"
    assert content(script) == [
        ("Kynnir", "Góðan daginn, sjá vefinn."),
        ("Gestur", "Sæl og blessuð. Ég held áfram í næstu línu. Og í næstu efnisgrein."),
        ("Kynnir", "kl. 14:30 kom hann."),
    ]
    assert script.chapters == (
        ScriptChapter(title="Velkomin", first_line=0),
        ScriptChapter(title="Saga", first_line=2),
    )
    assert [line.number for line in script.lines] == [5, 7, 17]


def test_parse_script_reads_plain_text_a_paragraph_a_line():
    script = parse("Fyrsta efnisgrein\nheldur áfram.\n\n# Kafli\n\nÖnnur efnisgrein.\n\n# Annar\n\nÞriðja.\n", "a.txt")
    assert content(script) == [("", "Fyrsta efnisgrein heldur áfram."), ("", "Önnur efnisgrein."), ("", "Þriðja.")]
    assert [(chapter.title, chapter.first_line) for chapter in script.chapters] == [("Kafli", 1), ("Annar", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "Athugið: fundur er á morgun.",
        "Athugið: fundur er á morgun.\n\nMunið: takið með nesti.",
        "Fundurinn er kl. 14:30 á morgun.\n\nKynnir: sá sem kynnir.",
        "Niðurstaða: þetta gekk vel.\n\nHann fór heim.",
    ],
)
def test_parse_script_takes_no_remark_for_a_speaker(text):
    assert parse(text).speakers == ("",)


def test_parse_script_takes_bare_names_when_every_paragraph_begins_with_one():
    script = parse("Jón: Sæl.\nAnna: Sæll, kl. er 14:30.\n\nJón: Einmitt: rétt.\nJá.\nAnna: Bless.\n")
    assert content(script) == [
        ("Jón", "Sæl."), ("Anna", "Sæll, kl. er 14:30."), ("Jón", "Einmitt: rétt. Já."), ("Anna", "Bless."),
    ]  # fmt: skip


def test_parse_script_reads_front_matter():
    script = parse("---\ntitle: Titill\nlanguage: is\ndate: 2024-05-03\n---\n\nTexti.\n")
    assert (script.title, script.language, content(script)) == ("Titill", "is", [("", "Texti.")])


def test_parse_script_reads_yaml_and_json():
    expected = [("Kynnir", "Halló."), ("Gestur", "no")]
    yaml_script = parse(
        "title: Titill\nlanguage: is\nlines:\n- heading: 1984\n- {speaker: Kynnir, text: Halló.}\n"
        "- speaker: Gestur\n  text: no\n",
        "x.txt",
    )
    assert content(yaml_script) == expected
    assert (yaml_script.title, yaml_script.language) == ("Titill", "is")
    assert yaml_script.chapters == (ScriptChapter(title="1984", first_line=0),)
    assert [line.number for line in yaml_script.lines] == [5, 6]
    as_list = '[{"speaker": "Kynnir", "text": "Halló."}, {"speaker": "Gestur", "text": "no"}]'
    assert content(parse(as_list, "x.txt")) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Enginn segir þetta.\n\n**Kynnir:** Halló.", r"line 1: nobody says .*Kynnir"),
        ("**Kynnir:** Halló.\n\n**Gestur:**\n\n**Kynnir:** Bless.", r"line 3: Gestur says nothing"),
        ("**Kynnir:** Halló.\n\n##\n\n**Kynnir:** Bless.", r"line 3: a heading without a title"),
        ("**:** Halló.", r"line 1: a speaker without a name"),
        ("Texti.\n<!-- opin", r"line 2: a comment"),
        ("lines:\n- speaker: A\n  texti: b\n", r"line 3: unknown key 'texti'; use clip, heading, speaker, text"),
        ("höfundur: X\nlines:\n- text: b\n", r"line 1: unknown key"),
        ("lines:\n- speaker: A\n", r"line 2: A says nothing"),
        ("lines:\n- [a, b]\n", r"line 2: this is no entry"),
        ("lines: texti\n", r"line 1: lines is no list"),
        ("lines:\n- text: 'ólokað\n", r"this is not YAML"),
        ("lines:\n- text: {a: b}\n", r"line 2: text is no text"),
        ("---\ntitle: [a\n---\nTexti.", r"the front matter is not YAML"),
    ],
)
def test_parse_script_says_which_line_is_wrong(text, message):
    with pytest.raises(InvalidScript, match=message):
        parse(text)


@pytest.mark.parametrize("text", ["", " \n\n", "# Titill\n", "<!-- x -->", "lines: []\n", "title: x\nlines:\n"])
def test_parse_script_refuses_a_script_without_lines(text):
    with pytest.raises(EmptySource):
        parse(text)


def bomb():
    rows = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    return "\n".join(rows)


@pytest.mark.parametrize(
    "text",
    [
        f"lines:\n- text: a\n{bomb()}\n",
        "lines:\n- &a {text: x}\n- *a\n",
        "lines: " + "[" * 50_000,
        "- text: " + "{a: " * 50_000,
        f"---\ntitle: x\n{bomb()}\n---\nTexti.",
    ],
)
def test_parse_script_refuses_yaml_that_would_fill_the_memory(text):
    started = time.process_time()
    with pytest.raises(InvalidScript):
        parse(text)
    assert time.process_time() - started < 2


def test_parse_script_refuses_more_than_anyone_reads():
    with pytest.raises(SourceTooLarge):
        parse("a " * 2_000_000)


def cpu_s(lines):
    """Of the quickest of three: what else the process does, such as collecting garbage, comes now and then."""
    text = "".join(f"🎙 **Kynnir:** Lína númer {n} er *svona*, [sjá](https://x.is).\n\n" for n in range(lines))
    took = []
    for _ in range(3):
        started = time.process_time()
        assert len(parse(text).lines) == lines
        took.append(time.process_time() - started)
    return min(took)


def test_parse_script_takes_time_in_proportion_to_the_lines():
    small = max(cpu_s(1250), 0.01)
    assert cpu_s(5000) < 12 * small  # four times the lines; the rest is for a busy machine


WORDS = st.text(st.sampled_from("abð Á.:,!#*_[]()<>-\\`~ 1'\"–"), min_size=1, max_size=40).map(
    lambda t: " ".join(t.split())
)
TEXT = WORDS.filter(lambda text: any(c.isalnum() for c in text))
NAMES = st.sampled_from(["Kynnir", "Gestur", "Anna B. Jónsdóttir", "Rödd 2"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(NAMES, TEXT), min_size=1, max_size=6)
    | st.lists(st.tuples(st.just(""), TEXT), min_size=1, max_size=6),
    st.sampled_from(["", "Titill", "Titill: með 'merkjum' #1"]),
)
def test_write_script_is_read_back_the_same(lines, title):
    script = Script(
        title=title,
        language="is",
        lines=tuple(Line(number=n, speaker=s, text=t) for n, (s, t) in enumerate(lines, start=1)),
        chapters=(ScriptChapter(title="Saga *allra*", first_line=len(lines) - 1),),
    )
    again = parse(write_script(script))
    assert (again.title, again.language, content(again)) == (title, "is", lines)
    assert again.chapters == script.chapters


def test_write_script_keeps_lines_without_a_speaker_among_others():
    lines = (Line(number=1, speaker="", text="Þögn."), Line(number=2, speaker="Kynnir", text="Halló: já."))
    script = Script(lines=lines, chapters=(ScriptChapter(title="Upphaf", first_line=0),))
    again = parse(write_script(script))
    assert (content(again), again.chapters) == (content(script), script.chapters)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["**Kynnir:** x", "Kynnir: x", "## **[Intro: y]**", "#", "---", "<!--", "-->", "texti *a", "lines:", "- text: a",
                         "title: x", "&a [*a]", "```", "", "> b", "\t", "{", "\\", "🎙", "[x](y"]),
        max_size=10,
    ).map("\n".join)
    | st.text(max_size=80)
)  # fmt: skip
def test_parse_script_gives_a_script_or_one_of_our_errors(text):
    try:
        script = parse(text)
    except HladvarpError:
        return
    assert script.lines
    assert all(
        line.text == " ".join(line.text.split()) and line.number <= len(text.splitlines()) for line in script.lines
    )
    assert all(chapter.first_line < len(script.lines) for chapter in script.chapters)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_decode_text_reads_what_editors_write(encoding):
    assert (
        decode_text("Þetta er „íslenska“.\r\nÖnnur lína.\r".encode(encoding)) == "Þetta er „íslenska“.\nÖnnur lína.\n"
    )


def test_decode_text_composes_letters_and_leaves_out_what_nobody_says():
    assert decode_text("a\u0301\u00adb\u200b\x07 c\u00a0d".encode()) == "áb c\u00a0d"


@pytest.mark.parametrize(
    "data",
    [b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90d" * 20, bytes(range(256)) * 4, b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00",
     b"\xff\xfe\x00\xd8a\x00", b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00", b"\x93\x94\x95\x96" * 50],
)  # fmt: skip
def test_looks_like_script_knows_a_recording(data):
    assert not looks_like_script(data, "thattur.txt")


def test_looks_like_script_goes_by_content():
    assert looks_like_script("Halló, þetta er texti. ".encode(), "upptaka.mp3")
    assert looks_like_script("Halló, á".encode()[:-1], "thattur.md")  # cut inside a letter
    assert not looks_like_script(b"", "thattur.md")
    for other in ("<?xml version='1.0'?><rss/>", "#EXTM3U\nhttp://x", "WEBVTT\n\n", "<!DOCTYPE html>"):
        assert not looks_like_script(other.encode(), "thattur.md")
