"""One word's forms beside another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InvalidLexicon
from tasks.text.inflection import inflected

LETTERS = "aábdðeéfghiíjklmnoóprstuúvxyýþæö"


@pytest.mark.parametrize(
    ("grapheme", "alias", "pairs"),
    [
        ("Kjarval", "Kjarrval", {"Kjarvals": "Kjarrvals"}),
        ("Landspítali", "Lannspítali", {"Landspítala": "Lannspítala", "Landspítalanum": "Lannspítalanum"}),
        ("Þingvellir", "þing vellir", {"Þingvöllum": "þing völlum", "Þingvalla": "þing valla"}),
        ("Þjóðleikhús", "Þjóðleik hús", {"Þjóðleikhússins": "Þjóðleik hússins"}),
        ("Vestur-Þýskaland", "Vestur Þýskaland", {"Vestur-Þýskalandi": "Vestur Þýskalandi"}),
        ("París", "Parrís", {"Parísar": "Parrísar"}),
        ("hlaupa", "laupa", {"hljóp": "ljóp", "hlaupið": "laupið"}),
    ],
)
def test_an_alias_that_nobody_knows_takes_the_endings_of_the_word(grapheme, alias, pairs):
    forms = dict(inflected(grapheme, alias))

    assert forms[grapheme] == alias
    assert {form: forms[form] for form in pairs} == pairs


@pytest.mark.parametrize(
    ("grapheme", "alias", "form", "spoken"),
    [
        ("Harpa", "Harba", "Hörpu", "Hörbu"),
        ("app", "abb", "öppum", "öbbum"),
        ("köttur", "köhtur", "ketti", "kehti"),
        ("kastali", "kasdali", "köstulum", "kösdulum"),
        ("Björk", "Björg hin", None, None),
    ],
)
def test_vowels_that_change_in_the_word_change_in_the_alias(grapheme, alias, form, spoken):
    if form is None:
        with pytest.raises(InvalidLexicon, match="becomes"):
            inflected(grapheme, alias)
    else:
        assert dict(inflected(grapheme, alias))[form] == spoken


def test_an_alias_that_bin_knows_stands_in_the_same_case_number_and_article():
    forms = dict(inflected("hestur", "jór"))

    assert (forms["hest"], forms["hesti"], forms["hestinum"], forms["hestum"]) == ("jó", "jó", "jónum", "jóum")
    assert dict(inflected("Sigurður", "Siggi"))["Sigurði"] == "Sigga"
    assert dict(inflected("vetur", "fingur"))["vetrar"] == "fingurs"


def test_a_plural_of_another_word_is_not_meant_where_the_word_is_a_lemma():
    assert "áa" not in dict(inflected("ár", "ár"))
    assert "ár" in dict(inflected("á", "á"))


def test_a_nominative_that_is_no_lemma_stands_for_its_own_number_and_article():
    assert set(dict(inflected("Landsbankinn", "Lannsbankinn"))) == {
        "Landsbankinn",
        "Landsbankann",
        "Landsbankanum",
        "Landsbankans",
    }


def test_the_grapheme_comes_first_and_the_same_call_gives_the_same_forms():
    assert inflected("Harpa", "Harba")[0] == ("Harpa", "Harba")
    assert inflected.__wrapped__("hestur", "hesdur") == inflected.__wrapped__("hestur", "hesdur")


@pytest.mark.parametrize("word", ["hestur", "fetill", "Landspítali", "saga", "góður", "vefur", "kaffihúsakeðja"])
def test_a_word_is_its_own_alias(word):
    assert all(form == spoken for form, spoken in inflected(word, word))


@pytest.mark.parametrize(
    ("grapheme", "alias", "says"),
    [
        ("Zuckerberg", "Sökkerberg", "BÍN knows no word 'Zuckerberg'"),
        ("Hörpu", "Hörbu", "in the nominative"),
        ("APP", "abb", "BÍN knows no word"),
        ("hestur", "fákar", "must end in 'ur'"),
        ("hestur", "ur", "must end in 'ur'"),
        ("saga", "sæga", "has no 'a' there"),
        ("kaffihús", "kaffisjoppa", "do not fit"),
        ("Háskóli Íslands", "Háskóli Íslands", "BÍN knows no word"),
        ("", "x", "BÍN knows no word"),
        ("vegur", "hestur", "knows no 'hestarins'"),
    ],
)
def test_what_cannot_be_inflected_is_refused_and_says_what_to_do(grapheme, alias, says):
    with pytest.raises(InvalidLexicon, match=says) as caught:
        inflected(grapheme, alias)

    assert "without inflect" in str(caught.value)


@given(st.sampled_from(["hestur", "saga", "Harpa", "kaffihús", "björk", "góður"]), st.text(LETTERS, min_size=1))
def test_every_alias_is_inflected_whole_or_refused(grapheme, alias):
    try:
        forms = inflected(grapheme, alias)
    except InvalidLexicon:
        return
    assert forms[0] == (grapheme, alias)
    assert all(form and spoken for form, spoken in forms)
    assert len(dict(forms)) == len(forms)
