"""How lines are said: stretches, voices, languages, words of the lexicon, and what an engine cannot do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks.errors import ConsentMissing, EngineDenied, LanguageNotAllowed, TextTooLong, UnknownPreset
from tasks.schemas import PlannedLine, Script, VoicePreset
from tasks.text.lexicon import Lexicon
from tasks.text.lexicon_entries import Entry
from tasks.text.script import parse_script
from tasks.tts.engine import TtsCapabilities, TtsEngine
from tasks.tts.planning import Planner, replaced


class Stub(TtsEngine):
    """An engine that says what it can, and never speaks."""

    def __init__(self, languages: str = "is en", **can: object) -> None:
        self.version = "1"
        given = {"sample_rate_hz": 24_000, "max_characters": 60} | can
        self.can = TtsCapabilities(languages=frozenset(languages.split()), **given)

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        return self.can

    def check(self, voice: VoicePreset, language: str) -> None:
        if voice.voice == "keyless":
            raise EngineDenied("there is no key")
        if language not in self.can.languages:
            raise LanguageNotAllowed(f"it does not speak {language!r}")


ENGINES: Mapping[str, TtsEngine] = {
    "espeak": Stub(settings=frozenset({"rate"}), markup=frozenset({"prosody"})),
    "kokoro": Stub(lexicon="ipa"),
    "polly": Stub("is", markup=frozenset({"lang", "emphasis"})),
    "azure": Stub("is"),
}
PRESETS = {
    voice.name: voice
    for voice in (
        VoicePreset(name="asa", fallback=("gudrun", "dora")),
        VoicePreset(name="gudrun", engine="azure", voice="keyless"),
        VoicePreset(name="dora", engine="polly", fallback=("asa", "kok")),
        VoicePreset(name="kok", engine="kokoro"),
        VoicePreset(name="cloned", engine="kokoro", consent="anna"),
        VoicePreset(name="lost", fallback=("nobody",)),
        VoicePreset(name="lively", rate=1.2, pitch=2.0, stability=0.4),
    )
}


def allow(voice: VoicePreset) -> None:
    if voice.consent:
        raise ConsentMissing("no consent")


def planner(cast: str = "asa", lexicon: Lexicon | None = None) -> Planner:
    return Planner(
        presets=PRESETS,
        cast={"": PRESETS[cast]},
        language="is",
        show="hladvarp",
        engine_of=lambda voice: ENGINES[voice.engine],
        allow=allow,
        lexicon=lexicon or Lexicon(),
    )


def script(text: str) -> Script:
    return parse_script(text, name="x.md")


def plan(text: str, cast: str = "asa", lexicon: Lexicon | None = None) -> tuple[tuple[PlannedLine, ...], list[str]]:
    planning = planner(cast, lexicon)
    lines, _, _ = planning.plan(script(text))
    return lines, list(planning.notes)


def test_a_long_line_becomes_stretches_that_the_engine_takes_and_chapters_follow():
    text = "Fyrsta setningin er hér. Önnur setningin er líka hér. Þriðja setningin er síðust.\n\n## Endir\n\nBless."

    lines, _, chapters = planner().plan(script(text))

    assert [line.line.text for line in lines] == [
        "Fyrsta setningin er hér. Önnur setningin er líka hér.",
        "Þriðja setningin er síðust.",
        "Bless.",
    ]
    assert [chapter.first_line for chapter in chapters] == [2]
    assert {line.line.number for line in lines[:2]} == {1}


def test_another_voice_reads_what_the_author_marks():
    lines, _ = plan('Hér er <voice name="kok">önnur rödd</voice> að tala.')

    assert [(line.voice.name, line.line.text) for line in lines] == [
        ("asa", "Hér er"),
        ("kok", "önnur rödd"),
        ("asa", "að tala."),
    ]


def test_an_unknown_voice_in_a_line_is_refused_with_its_line():
    with pytest.raises(UnknownPreset, match=r"line 3 .*'pavarotti'"):
        plan('Hæ.\n\nHér er <voice name="pavarotti">önnur rödd</voice>.')


def test_another_language_is_read_by_its_own_rules_where_the_voice_speaks_it():
    lines, notes = plan('Bókin <lang xml:lang="en">Catch 22</lang> er góð.')

    assert [(line.language, line.spoken.text) for line in lines] == [
        ("is", "Bókin"),
        ("en", "Catch twenty-two"),
        ("is", "er góð."),
    ]
    assert not notes


def test_another_language_is_marked_inside_where_the_engine_takes_it_so():
    lines, notes = plan('Bókin <lang xml:lang="en">Catch 22</lang> er góð.', cast="dora")

    assert lines[1].language == "is"
    assert lines[1].spoken.text == "Catch twenty-two"
    assert [(mark.kind, mark.settings) for mark in lines[1].marks] == [("lang", {"xml:lang": "en"})]
    assert not notes


def test_another_language_that_the_voice_lacks_is_warned_of_with_its_line():
    ENGINES["azure"].check(VoicePreset(name="x"), "is")
    planning = planner()
    planning.cast = {"": VoicePreset(name="gunnar", engine="azure")}

    lines, _, _ = planning.plan(script('Hæ.\n\nBókin <lang xml:lang="en">Emma</lang> er góð.'))

    assert {line.language for line in lines} == {"is"}
    assert any("line 3" in note and "'Emma'" in note and "'en'" in note for note in planning.notes)


def test_what_an_engine_cannot_render_is_warned_of_once_with_its_line():
    text = 'Nú <emphasis>alls</emphasis> ekki <prosody rate="slow">hratt</prosody>.'

    lines, notes = plan(text)

    assert [mark.kind for mark in lines[0].marks] == ["prosody"]
    assert len(notes) == 1
    assert "line 1" in notes[0]
    assert "emphasis" in notes[0]
    assert "'alls'" in notes[0]


def test_settings_that_an_engine_does_not_know_are_warned_of():
    _, notes = plan("Hæ.", cast="lively")

    assert len(notes) == 2
    assert {name for name in ("pitch", "stability") if any(name in note for note in notes)} == {"pitch", "stability"}


def test_the_lexicon_gives_ipa_to_who_takes_it_and_an_alias_to_the_others():
    lexicon = Lexicon([Entry(grapheme="Reykholt", alias="Reikkolt", ipa="ˈreiːkʰɔl̥t")])

    (alias,), _ = plan("Hér er Reykholt.", lexicon=lexicon)
    (ipa,), _ = plan("Hér er Reykholt.", cast="kok", lexicon=lexicon)

    assert (alias.spoken.text, alias.marks) == ("Hér er Reikkolt.", ())
    assert ipa.spoken.text == "Hér er Reykholt."
    assert [(mark.kind, mark.settings["ph"]) for mark in ipa.marks] == [("phoneme", "ˈreiːkʰɔl̥t")]


def test_an_edit_of_the_lexicon_changes_only_the_lines_that_hold_the_word():
    text = "Hér er Reykholt.\n\nHér er ekkert."
    before, _ = plan(text)
    after, _ = plan(text, lexicon=Lexicon([Entry(grapheme="Reykholt", alias="Reikkolt")]))

    assert before[0].key != after[0].key
    assert before[1].key == after[1].key


def test_keys_hold_what_is_heard_and_nothing_else():
    (plain,), _ = plan("Hæ þú.")
    (marked,), _ = plan('Hæ <prosody rate="slow">þú</prosody>.')
    planning = planner()
    planning.cast = {"": PRESETS["asa"].model_copy(update={"name": "x", "title": "y", "fallback": (), "gain_db": 3.0})}
    (renamed,), _, _ = planning.plan(script("Hæ þú."))

    assert plain.key != marked.key
    assert plain.key == renamed.key


def test_the_next_voice_that_can_reads_instead_and_says_so():
    (line,), _ = plan("Hæ þú.")
    planning = planner()

    (instead,) = planning.instead(line, "espeak is down")

    assert (instead.voice.name, instead.instead_of, instead.reason) == ("dora", "asa", "espeak is down")
    assert any("gudrun" in note and "no key" in note for note in planning.notes)
    (last,) = planning.instead(instead, "polly is down")
    assert (last.voice.name, last.instead_of) == ("kok", "asa")
    assert planning.instead(last, "all are down") == ()


def test_silences_stay_at_the_edges_when_another_voice_reads():
    lines, _ = plan('<break time="1s"/>Hæ þú. <break time="2s"/>Bless.')

    (instead,) = planner().instead(lines[0], "down")

    assert (instead.before_s, instead.pause_s) == (1.0, 2.0)


def test_another_language_stays_one_when_a_voice_reads_instead_that_must_be_told():
    lines, _ = plan('Bókin <lang xml:lang="en">Catch 22</lang> er góð.')

    (instead,) = planner().instead(lines[1], "down")

    assert (instead.voice.name, instead.language, instead.spoken.text) == ("dora", "is", "Catch twenty-two")
    assert [mark.settings for mark in instead.marks] == [{"xml:lang": "en"}]


def test_a_fallback_that_nobody_has_defined_is_named_before_anything_is_said():
    with pytest.raises(UnknownPreset, match=r"'lost' falls back on 'nobody'"):
        plan("Hæ.", cast="lost")


def test_a_voice_without_consent_does_not_speak():
    with pytest.raises(ConsentMissing):
        plan("Hæ.", cast="cloned")


def test_what_an_author_settles_is_left_alone_by_the_lexicon():
    lexicon = Lexicon(
        [
            Entry(grapheme="MP3", alias="emm pé þrír", ipa="ˈɛmː"),
            Entry(grapheme="Jón Jónsson", alias="hann sjálfur", ipa="ˈjouːn"),
        ]
    )
    marked = '<phoneme alphabet="ipa" ph="mɛ">MP3</phoneme>, <sub alias="emmpéþrír">MP3</sub>'

    (by_ear,), _ = plan(marked, cast="kok", lexicon=lexicon)
    (by_alias,), _ = plan('<sub alias="Nonni">Jón</sub> Jónsson.', lexicon=lexicon)

    assert [mark.settings["ph"] for mark in by_ear.marks] == ["mɛ"]
    assert by_ear.spoken.text.endswith(", emmpéþrír")
    assert by_alias.spoken.text == "Nonni Jónsson."


def test_no_digit_stands_under_the_phonemes_of_a_lexicon():
    lexicon = Lexicon([Entry(grapheme="B12", ipa="pjɛː")])

    (line,), _ = plan("Hér er B12.", cast="kok", lexicon=lexicon)

    assert [(mark.kind, line.spoken.text[mark.start : mark.end]) for mark in line.marks] == [("phoneme", "bé tólf")]


def test_what_is_said_for_a_word_counts_where_a_line_is_cut():
    aliases = " ".join('<sub alias="sjö orð sem sögð eru hér í staðinn">x</sub>' for _ in range(4))

    lines, _ = plan(aliases)

    assert len(lines) == 4
    assert all(len(line.spoken.text) <= 60 for line in lines)


def test_a_word_that_an_engine_cannot_take_is_refused_with_its_line_before_anything_is_asked_for():
    with pytest.raises(TextTooLong, match=r"line 3: 'aaaa.* takes 60"):
        plan(f"Hæ.\n\n{'a' * 61}")


def test_numbers_that_nobody_here_can_read_are_warned_of_with_their_line():
    _, notes = plan('Þar stóð <lang xml:lang="de">zahlte 1250 Euro</lang>.', cast="dora")

    assert any("line 1" in note and "'de'" in note and "'zahlte 1250 Euro.'" in note for note in notes)


def test_recorded_clips_and_chapters_keep_their_places_among_lines_that_are_cut():
    planning = planner()
    long_line = "Hæ. <break time='1s'/> Jæja."
    lines, inserts, chapters = planning.plan(
        script(f"[clip: a.wav]\n\n## Eitt\n[clip: b.wav]\n\n{long_line}\n\n## Tvö\n[clip: c.wav]\n\nBless.")
    )

    assert [line.line.text for line in lines] == ["Hæ.", "Jæja.", "Bless."]
    assert [(insert.place, insert.line.insert.file) for insert in inserts] == [(0, "a.wav"), (1, "b.wav"), (4, "c.wav")]
    assert [(chapter.title, chapter.first_line) for chapter in chapters] == [("Eitt", 1), ("Tvö", 4)]

    inserts, chapters = replaced(inserts, chapters, [0, 2, 3, 4])

    assert [insert.place for insert in inserts] == [0, 1, 5], "the first line became two"
    assert [chapter.first_line for chapter in chapters] == [1, 5]


def test_a_line_is_said_again_with_another_seed_where_the_engine_knows_seeds():
    voice = PRESETS["kok"].model_copy(update={"seed": 41})
    seeded = planner()
    seeded.engine_of = lambda _: Stub(settings=frozenset({"seed"}))
    (first,) = seeded.stretches(parse_script("Góðan dag.", name="a.txt").lines[0], voice, "is")

    takes = [seeded.again(first, take)[0] for take in (1, 2)]

    assert [take.voice.seed for take in takes] == [42, 43]
    assert len({take.key for take in (first, *takes)}) == 3
    assert all(take.spoken == first.spoken for take in takes)
    assert planner().again(first, 1) == (), "Kokoro speaks the same every time"
