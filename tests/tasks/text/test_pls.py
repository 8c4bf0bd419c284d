"""Lexicons to and from the W3C's Pronunciation Lexicon Specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tasks.errors import InvalidLexicon
from tasks.text.lexicon import Entry
from tasks.text.pls import from_pls, read_document, to_pls

NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
# the part of the specification's grammar that this project writes (PLS 1.0, section 4 and appendix B)
GRAMMAR = etree.RelaxNG(
    etree.fromstring(f"""
<element name="lexicon" ns="{NAMESPACE}" xmlns="http://relaxng.org/ns/structure/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <attribute name="version" ns=""><value>1.0</value></attribute>
  <attribute name="alphabet" ns=""><value>ipa</value></attribute>
  <attribute name="lang" ns="http://www.w3.org/XML/1998/namespace"><data type="language"/></attribute>
  <zeroOrMore><element name="lexeme">
    <oneOrMore><element name="grapheme"><text/></element></oneOrMore>
    <oneOrMore><choice>
      <element name="phoneme"><text/></element><element name="alias"><text/></element>
    </choice></oneOrMore>
  </element></zeroOrMore>
</element>""")
)
VISIBLE = st.characters(exclude_categories=["C", "Z", "N"])
WORDS = st.text(VISIBLE, min_size=1, max_size=12)


def document(inside: str, attributes: str = 'version="1.0" alphabet="ipa" xml:lang="is"') -> str:
    return f'<lexicon xmlns="{NAMESPACE}" {attributes}>{inside}</lexicon>'


def lexemes(text: str) -> list[list[tuple[str, str]]]:
    root = etree.fromstring(text.encode())
    GRAMMAR.assertValid(root)
    return [[(etree.QName(part).localname, part.text) for part in lexeme] for lexeme in root]


def test_forms_are_written_out_and_signs_escaped():
    entries = [
        Entry(grapheme="Harpa", alias="Harba", ipa="ˈharpa", inflect=True),
        Entry(grapheme="AT&T", alias="ei tí <og> tí", case_sensitive=True),
        Entry(grapheme="kaffihús", alias="kaffi hús"),
        Entry(grapheme="data", alias="deita", language="en"),
    ]

    assert lexemes(to_pls(entries, "is-IS")) == [
        [("grapheme", "AT&T"), ("alias", "ei tí <og> tí")],
        [("grapheme", "Harpa"), ("phoneme", "ˈharpa"), ("alias", "Harba")],
        [("grapheme", "Hörpu"), ("alias", "Hörbu")],
        [("grapheme", "Kaffihús"), ("alias", "kaffi hús")],
        [("grapheme", "kaffihús"), ("alias", "kaffi hús")],
    ]


def test_of_two_entries_for_one_word_the_narrower_is_written_once():
    entries = [
        Entry(grapheme="Zoom", alias="sokkar", scope="preset:gudrun"),
        Entry(grapheme="Zoom", alias="súmm"),
        Entry(grapheme="us", alias="okkur"),
        Entry(grapheme="Us", alias="Uss", case_sensitive=True),
    ]

    assert lexemes(to_pls(entries, "is")) == [
        [("grapheme", "Us"), ("alias", "Uss")],
        [("grapheme", "Zoom"), ("alias", "sokkar")],
        [("grapheme", "us"), ("alias", "okkur")],
    ]


def test_nothing_to_say_is_still_a_lexicon():
    assert lexemes(to_pls([], "is")) == []
    assert from_pls(to_pls([], "is"), name="x") == ()


@given(
    st.dictionaries(WORDS, st.tuples(WORDS, WORDS), max_size=5),
    st.sampled_from(["is", "en", "en-GB"]),
)
def test_what_goes_out_comes_back(words, language):
    entries = set()
    for grapheme, (alias, ipa) in words.items():
        try:
            entries.add(Entry(grapheme=grapheme, alias=alias, ipa=ipa, language=language, case_sensitive=True))
        except ValueError:  # an alias without a letter
            continue
    entries = {entry.grapheme: entry for entry in entries}
    document = to_pls(entries.values(), language)

    GRAMMAR.assertValid(etree.fromstring(document.encode()))
    back = from_pls(document, name="x.pls")
    assert {entry.grapheme: entry for entry in back} == entries
    assert to_pls(back, language) == document


def test_a_vendors_lexicon_is_read():
    text = '<?xml version="1.0" encoding="UTF-16"?>\n<!-- ours -->\n' + document(
        """
        <meta name="who" content="us"/>
        <lexeme role="x:noun"><grapheme>Zoom</grapheme><grapheme> zoom </grapheme>
          <alias>súmm</alias><alias prefer="true">sú<!-- m -->mar</alias><example>á Zoom</example></lexeme>
        <lexeme><grapheme>Björk</grapheme><phoneme alphabet="x-sampa">pj9r_0k</phoneme><phoneme>pjœr̥k</phoneme></lexeme>
        """,
        'version="1.0" alphabet="IPA" xml:lang="is-IS"',
    )

    assert from_pls(text, name="x.pls") == (
        Entry(grapheme="Zoom", alias="súmar", case_sensitive=True),
        Entry(grapheme="zoom", alias="súmar", case_sensitive=True),
        Entry(grapheme="Björk", ipa="pjœr̥k", case_sensitive=True),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "x.pls: this is not XML"),
        ("<lexicon", "this is not XML"),
        ("\ud800", "this is not XML"),
        ("\0", "this is not XML"),
        ("<lexicon version='1.0'/>", "this is no PLS 1.0"),
        (document("", 'version="2.0" xml:lang="is"'), "this is no PLS 1.0"),
        (document("", 'version="1.0"'), "xml:lang"),
        (document("\n<lexeme><alias>b</alias></lexeme>"), "line 2: a lexeme without a grapheme"),
        (document("\n<lexeme><grapheme>a</grapheme></lexeme>"), "line 2: 'a': write an alias"),
        (document("<lexeme><grapheme>a</grapheme><alias>b</alias></lexeme>", 'version="1.0" xml:lang="?"'), "language"),
        (
            document("<lexeme><grapheme>a</grapheme><phoneme>b</phoneme></lexeme>", 'version="1.0" xml:lang="is"'),
            "write an alias",
        ),
        (f'<!DOCTYPE l [<!ENTITY a "b">]>{document("<lexeme><grapheme>&a;</grapheme></lexeme>")}', "DOCTYPE"),
        (f'<!DOCTYPE l SYSTEM "http://127.0.0.1:1/l.dtd">{document("")}', "DOCTYPE"),
        (f'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>{document("&a;")}', "DOCTYPE"),
        (document("<a>" * 1000), "this is not XML"),
    ],
)
def test_what_is_no_lexicon_is_refused(text, says):
    with pytest.raises(InvalidLexicon, match=says):
        from_pls(text, name="x.pls")


def test_a_bomb_of_entities_is_refused_before_it_grows():
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))

    with pytest.raises(InvalidLexicon):
        from_pls(f'<!DOCTYPE l [<!ENTITY a0 "ha">{levels}]>{document("<lexeme>&a11;</lexeme>")}', name="x.pls")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_the_encodings_of_the_specification(tmp_path, encoding):
    path = tmp_path / "x.pls"
    path.write_text(to_pls([Entry(grapheme="Þór", alias="Þór", case_sensitive=True)], "is"), encoding)

    assert [entry.grapheme for entry in from_pls(read_document(path), name="x.pls")] == ["Þór"]


@pytest.mark.parametrize("data", [None, b"\xf0\x28", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, data):
    path = tmp_path / "x.pls"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(InvalidLexicon, match=r"x\.pls cannot be read"):
        read_document(path)
