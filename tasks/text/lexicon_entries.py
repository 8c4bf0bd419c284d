"""The files of a lexicon: YAML that a person edits, one entry for each word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from tasks.errors import InvalidLexicon, InvalidScript
from tasks.schemas.frozen import Frozen
from tasks.text.inflection import inflected
from tasks.text.yaml_script import refuse_bombs

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_JOINERS = frozenset("\u200c\u200d")  # Persian and Indic words are written with them
_SHAPE = "write a list of entries, each with grapheme: and alias:"


class Entry(Frozen):
    """One word, or a few that belong together, and how it is said."""

    grapheme: str = Field(max_length=200, description="The word as it is written in scripts.")
    alias: str = Field(
        default="",
        max_length=500,
        description="The word respelled so that any voice reads it right; may be left out where there is ipa.",
    )
    ipa: str = Field(default="", max_length=500, description="The word in IPA, for the voices that take it.")
    language: str = Field(
        default="is",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="The language of the text around it: en holds for en-GB too, en-GB for no other English.",
    )
    case_sensitive: bool = Field(
        default=False, description="Whether only the word with these very capitals is meant: IT, and not it."
    )
    inflect: bool = Field(
        default=False, description="Whether all forms of the word are meant, as BÍN has them; the alias follows."
    )
    scope: str = Field(
        default="everywhere",
        pattern=r"^(everywhere|(show|preset):\S(.*\S)?)$",
        description="Where it holds: everywhere, in one show (show:<name>), or for one voice (preset:<name>).",
    )

    @field_validator("grapheme", "alias", "ipa")
    @classmethod
    def _one_line(cls, text: str) -> str:
        text = unicodedata.normalize("NFC", " ".join(text.split()))
        if hidden := next((c for c in text if unicodedata.category(c)[0] == "C" and c not in _JOINERS), ""):
            raise ValueError(f"U+{ord(hidden):04X} cannot be seen; delete it")
        return text

    @field_validator("alias")
    @classmethod
    def _only_words(cls, alias: str) -> str:
        if digit := next((c for c in alias if c.isdigit()), ""):
            raise ValueError(f"write {digit!r} as a word: voices read digits as they please")
        if alias and not any(c.isalpha() for c in alias):
            raise ValueError(f"{alias!r} has no letter; write what a voice is to say")
        return alias

    @field_validator("language")
    @classmethod
    def _one_icelandic(cls, language: str) -> str:
        # vendors say is-IS, scripts say is, and there is no other
        return "is" if language.lower() == "is-is" else language

    @field_validator("ipa")
    @classmethod
    def _without_slashes(cls, ipa: str) -> str:
        return re.sub(r"^[/\[]\s*(.*?)\s*[/\]]$", r"\1", ipa)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.grapheme:
            raise ValueError("the grapheme is empty; write the word that is meant")
        if not self.alias and not self.ipa:
            raise ValueError("write an alias (any voice can say it), or ipa")
        if self.inflect and not self.alias:
            raise ValueError("inflect needs an alias: IPA is not inflected")
        if self.inflect and self.language.lower().partition("-")[0] != "is":
            raise ValueError(f"inflect is for Icelandic, and the language is {self.language}; write each form")
        return self

    @property
    def forms(self) -> tuple[tuple[str, str], ...]:
        """Each written form with its alias, the grapheme first.

        Raises: InvalidLexicon where the word cannot be inflected.
        """
        return inflected(self.grapheme, self.alias) if self.inflect else ((self.grapheme, self.alias),)


def read_lexicon(text: str, *, name: str) -> tuple[Entry, ...]:
    """The entries of one file.

    name: what an error calls the file.
    Raises: InvalidLexicon with the file, and the line of the entry that is wrong.
    """
    return tuple(entry for _, entry in placed_entries(text, name=name))


def write_lexicon(entries: Iterable[Entry]) -> str:
    """The entries in YAML, as `read_lexicon` reads them back; what is as usual is left out."""
    rows = [entry.model_dump(exclude_defaults=True) for entry in entries]
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False)


def placed_entries(text: str, *, name: str) -> list[tuple[str, Entry]]:
    """The entries of one file, each with its place: `names.yaml, line 3`.

    Raises: InvalidLexicon.
    """
    try:
        refuse_bombs(text)
        root = yaml.compose(text, Loader=_LOADER)
    except InvalidScript as error:
        raise InvalidLexicon(f"{name}, {str(error).partition(';')[0]}; {_SHAPE}") from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InvalidLexicon(f"{place}: this is not YAML ({problem}); put words in quotes") from error
    if root is None or _is_null(root):
        return []
    if not isinstance(root, yaml.SequenceNode):
        raise InvalidLexicon(f"{name}, line {_line(root)}: this is no list; {_SHAPE}")
    return [(f"{name}, line {_line(node)}", _entry(node, name)) for node in root.value]


def _entry(node: yaml.Node, name: str) -> Entry:
    fields = _fields(node, name)
    place = f"{name}, line {_line(node)}"
    called = f"{fields['grapheme'][:60]!r}: " if fields.get("grapheme") else ""
    try:
        entry = Entry.model_validate(fields)
        entry.forms  # noqa: B018  (what cannot be inflected is said here, where its line is known)
    except ValidationError as error:
        raise InvalidLexicon(f"{place}: {called}{wrong_in(error)}") from None
    except InvalidLexicon as error:
        raise InvalidLexicon(f"{place}: {error}") from None
    return entry


def wrong_in(error: ValidationError) -> str:
    """What is wrong in an entry, in one sentence."""
    sentences = []
    for one in error.errors():
        field = ".".join(map(str, one["loc"]))
        says = "is missing" if one["type"] == "missing" else one["msg"].removeprefix("Value error, ")
        sentences.append(f"{field} {says}" if one["type"] == "missing" else f"{field}{': ' if field else ''}{says}")
    return "; ".join(sentences)


def _fields(node: yaml.Node, name: str) -> dict[str, str]:
    """Names and values of an entry as they stand there: `language: no` is Norwegian, and `grapheme: 1984` a word."""
    if not isinstance(node, yaml.MappingNode):
        raise InvalidLexicon(f"{name}, line {_line(node)}: this is no entry; {_SHAPE}")
    fields: dict[str, str] = {}
    for key, value in node.value:
        place = f"{name}, line {_line(key)}"
        if not isinstance(key, yaml.ScalarNode) or key.value not in Entry.model_fields:
            shown = repr(key.value[:40]) if isinstance(key, yaml.ScalarNode) else "a list"
            raise InvalidLexicon(f"{place}: unknown key {shown}; use {', '.join(Entry.model_fields)}")
        if key.value in fields:
            raise InvalidLexicon(f"{place}: {key.value} stands here twice; delete one")
        if not isinstance(value, yaml.ScalarNode):
            raise InvalidLexicon(f"{place}: {key.value} is no text; write it on one line, or in quotes")
        if not _is_null(value):
            fields[key.value] = value.value
    return fields


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
