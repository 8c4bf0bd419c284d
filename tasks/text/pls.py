"""A lexicon in the Pronunciation Lexicon Specification, for engines that take one, and from studios that have one.

Source: Pronunciation Lexicon Specification (PLS) 1.0, W3C Recommendation of 14 October 2008.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree
from pydantic import ValidationError

from tasks.errors import InvalidLexicon
from tasks.text.lexicon_entries import Entry, wrong_in

_NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_SCOPES = ("preset", "show", "everywhere")


def to_pls(entries: Iterable[Entry], language: str) -> str:
    """The entries that hold for a language, sorted by how they are written; the same entries give the same text.

    PLS knows capitals and no inflection: each form is written out, and where capitals do not matter also as it begins
    a sentence. It knows no scopes either: of two entries for one word the narrower is written, so give it those that
    are to hold together. IPA stands before the alias, for engines take the first that they can read.
    """
    rows = []
    for entry in entries:
        if not f"{language.lower()}-".startswith(f"{entry.language.lower()}-"):
            continue
        scope = _SCOPES.index(entry.scope.partition(":")[0])
        for form, alias in entry.forms:
            rank = scope, -len(entry.language), form != entry.grapheme, not entry.case_sensitive
            ipa = entry.ipa if form == entry.grapheme else ""
            rows.append((rank, form, ipa, alias))
            if not entry.case_sensitive:
                rows.append((rank, form[:1].upper() + form[1:], ipa, alias))
    written = {form: (ipa, alias) for _, form, ipa, alias in sorted(rows, key=lambda row: row[0], reverse=True)}
    root = etree.fromstring(f"<lexicon xmlns='{_NAMESPACE}' version='1.0' alphabet='ipa'/>")
    root.set(_LANGUAGE, language)
    for grapheme, (ipa, alias) in sorted(written.items()):
        lexeme = etree.SubElement(root, f"{{{_NAMESPACE}}}lexeme")
        for name, text in (("grapheme", grapheme), ("phoneme", ipa), ("alias", alias)):
            if text:
                etree.SubElement(lexeme, f"{{{_NAMESPACE}}}{name}").text = text
    xml = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return xml.decode()


def from_pls(text: str, *, name: str) -> tuple[Entry, ...]:
    """The entries of a PLS document, one for each grapheme; of several pronunciations the preferred, or the first.

    name: what an error calls the document.
    Raises: InvalidLexicon with the name, and the line of what is wrong.
    """
    root = _parsed(text, name)
    if root.tag != f"{{{_NAMESPACE}}}lexicon" or root.get("version") != "1.0":
        raise InvalidLexicon(f"{name}, line {root.sourceline}: this is no PLS 1.0; its root is <lexicon version='1.0'>")
    language = root.get(_LANGUAGE)
    if not language:
        raise InvalidLexicon(f"{name}, line {root.sourceline}: the lexicon says no xml:lang; write its language")
    return tuple(
        entry
        for lexeme in root.iterchildren(f"{{{_NAMESPACE}}}lexeme")
        for entry in _entries(lexeme, language, root.get("alphabet", ""), name)
    )


def read_document(path: Path) -> str:
    """The text of a PLS file.

    Raises: InvalidLexicon where it cannot be read.
    """
    try:
        data = path.read_bytes()
        utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return data.decode("utf-16" if utf_16 else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidLexicon(f"{path} cannot be read: {error}; export it in UTF-8") from error


def _parsed(text: str, name: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        # the text is decoded already, whatever encoding its declaration tells of
        root = etree.fromstring(re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidLexicon(f"{name}: this is not XML ({error}); export it as PLS 1.0 again") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidLexicon(f"{name}: a DOCTYPE is not allowed; delete it")
    return root


def _entries(lexeme: etree._Element, language: str, alphabet: str, name: str) -> Iterator[Entry]:
    place = f"{name}, line {lexeme.sourceline}"
    phonemes = [p for p in _children(lexeme, "phoneme") if p.get("alphabet", alphabet).lower() == "ipa"]
    ipa, alias = _preferred(phonemes), _preferred(_children(lexeme, "alias"))
    graphemes = _children(lexeme, "grapheme")
    if not graphemes:
        raise InvalidLexicon(f"{place}: a lexeme without a grapheme; write the word that is meant")
    for grapheme in graphemes:
        try:
            yield Entry(grapheme=_text(grapheme), alias=alias, ipa=ipa, language=language, case_sensitive=True)
        except ValidationError as error:
            raise InvalidLexicon(f"{place}: {_text(grapheme)[:60]!r}: {wrong_in(error)}") from None


def _children(lexeme: etree._Element, name: str) -> list[etree._Element]:
    return list(lexeme.iterchildren(f"{{{_NAMESPACE}}}{name}"))


def _preferred(readings: list[etree._Element]) -> str:
    chosen = [r for r in readings if r.get("prefer") == "true"] or readings
    return _text(chosen[0]) if chosen else ""


def _text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext())
