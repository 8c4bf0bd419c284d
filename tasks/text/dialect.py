"""The script dialect in Markdown, and plain text: headings, speakers, paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from tasks.errors import EmptySource, InvalidScript
from tasks.schemas import Insert, Line, Script, ScriptChapter
from tasks.text.clip_line import read_clip_line
from tasks.text.markup import plain
from tasks.text.ssml import parse_markup
from tasks.text.yaml_script import refuse_bombs

_PICTURES = r"[^\w\s*_#>\[\]()<\\\"'„“”«»\-–—.,:;!?]{0,8}"
_BOLD_LABEL = re.compile(
    rf"\s{{0,3}}{_PICTURES}\s{{0,2}}(?:\*\*|__)(?P<name>[^*_:\n]{{0,60}}?)\s?(?::\s?(?:\*\*|__)|(?:\*\*|__)\s?:)\s*(?P<text>.*)"
)
_BARE_LABEL = re.compile(
    rf"\s{{0,3}}{_PICTURES}\s{{0,2}}(?P<name>[^\W\d_][\w.'-]{{0,30}}(?: [\w.'-]{{1,30}}){{0,2}}):\s+(?P<text>\S.*)"
)
_HEADING = re.compile(r"\s{0,3}(?P<marks>#{1,6})(?:\s+(?P<title>.*?))?\s*#*\s*")
_RULE = re.compile(r"\s{0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|`{3,}\w*|~{3,}\w*)")
_PART = re.compile(r"(?i:(?:intro|outro|segment|kafli|hluti|inngangur|lokaorð)(?:\s+\d{1,3})?)\s*:\s*(?P<title>\S.*)")
_LIST_MARK = re.compile(r"^\s{0,3}(?:>\s?|[-+*•]\s+)")
_USUAL_NAMES = frozenset("kynnir gestur host guest þulur stjórnandi þáttastjórnandi viðmælandi speaker".split())  # noqa: SIM905


@dataclass
class _Building:
    """A script while it is read."""

    labels: re.Pattern[str] | None
    title: str = ""
    language: str = ""
    lines: list[Line] = field(default_factory=list)
    chapters: list[ScriptChapter] = field(default_factory=list)
    number: int = 0
    speaker: str = ""
    words: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """The number of the row that each of `words` stands in."""
    expects_text: bool = False

    def finish_line(self) -> None:
        """Keep the line that was being read."""
        written = "\n".join(self.words)
        text, marks = parse_markup(written, line_at=lambda place: self.rows[written.count("\n", 0, place)])
        if text:
            self.lines.append(Line(number=self.number, speaker=self.speaker, text=text, marks=marks))
        elif self.expects_text:
            raise InvalidScript(
                f"line {self.number}: {self.speaker} says nothing; write text after the name, or delete the name"
            )
        self.words, self.rows, self.expects_text = [], [], False

    def take(self, number: int, words: str) -> None:
        """Words in a row of what is being read."""
        self.words.append(words)
        self.rows.append(number)

    def take_clip(self, number: int, insert: Insert, text: str) -> None:
        """A recorded clip: of the speaker whose name stands before it, else of nobody."""
        is_named = self.expects_text and not any(self.words)
        if not is_named:
            self.finish_line()
        speaker = self.speaker if is_named else ""
        self.lines.append(Line(number=number, speaker=speaker, text=text, insert=insert))
        self.words, self.rows, self.expects_text = [], [], False


def parse_dialect(text: str) -> Script:
    """The script in Markdown or plain text.

    Raises: InvalidScript with the line's number, EmptySource.
    """
    rows = _without_comments(text).split("\n")
    building = _Building(labels=_label_pattern(rows))
    first = _front_matter(rows, building)
    top_headings = sum(1 for row in rows if (m := _HEADING.fullmatch(row)) and m["marks"] == "#")
    for number, row in enumerate(rows[first:], start=first + 1):
        heading = _HEADING.fullmatch(row)
        if heading:
            building.finish_line()
            _take_heading(building, number, heading, is_title=heading["marks"] == "#" and top_headings == 1)
        elif _RULE.fullmatch(row) or not row.strip():
            if not building.labels:
                building.finish_line()
        else:
            _take_row(building, number, row)
    building.finish_line()
    if not building.lines:
        raise EmptySource("the script has no line to read; write at least one paragraph")
    heard = tuple(chapter for chapter in building.chapters if chapter.first_line < len(building.lines))
    return Script(title=building.title, language=building.language, lines=tuple(building.lines), chapters=heard)


def _take_row(building: _Building, number: int, row: str) -> None:
    label = building.labels.fullmatch(row) if building.labels else None
    if label:
        building.finish_line()
        name = plain(label["name"])
        if not name:
            raise InvalidScript(
                f"line {number}: a speaker without a name; write for example **Kynnir:** before the text"
            )
        building.number, building.speaker, building.expects_text = number, name, True
    if clip := read_clip_line(label["text"] if label else _LIST_MARK.sub("", row, count=1), number):
        building.take_clip(number, *clip)
        return
    if label:
        building.take(number, label["text"])
        return
    if building.labels and not (building.words or building.expects_text):
        raise InvalidScript(
            f"line {number}: nobody says {row.strip()[:40]!r}; write who does, for example **Kynnir:** before it"
        )
    if not building.words:
        building.number = number
    building.take(number, row if building.words and building.labels else _LIST_MARK.sub("", row, count=1))


def _take_heading(building: _Building, number: int, heading: re.Match[str], *, is_title: bool) -> None:
    title = clean_heading(heading["title"] or "")
    if not title:
        raise InvalidScript(
            f"line {number}: a heading without a title; write one after {heading['marks']}, or delete the line"
        )
    if is_title and not building.lines and not building.chapters:
        building.title = building.title or title
        return
    place = len(building.lines)
    if building.chapters and building.chapters[-1].first_line == place:
        title = f"{building.chapters.pop().title}: {title}"  # nothing is heard between them
    building.chapters.append(ScriptChapter(title=title, first_line=place))


def clean_heading(written: str) -> str:
    """The title that a listener sees: without emphasis and brackets, `Segment 1: Saga` as `Saga`."""
    text = plain(written.strip())
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    while part := _PART.fullmatch(text):
        text = part["title"]
    return text.rstrip(":").strip()


def _label_pattern(rows: list[str]) -> re.Pattern[str] | None:
    """How this text names its speakers; None where it names none."""
    if any(_BOLD_LABEL.fullmatch(row) for row in rows):
        return _BOLD_LABEL
    starts = [
        row
        for before, row in zip(["", *rows], rows, strict=False)
        if row.strip()
        and (not before.strip() or _HEADING.fullmatch(before))
        and not _HEADING.fullmatch(row)
        and not row.strip().lower().startswith("[clip:")
    ]
    labels = [_BARE_LABEL.fullmatch(row) for row in starts if not _RULE.fullmatch(row)]
    if not labels or not all(labels):
        return None
    names = [m["name"] for row in rows if (m := _BARE_LABEL.fullmatch(row))]
    # one "Athugið: ..." is a remark; a name that comes back, or one that everybody uses, is a speaker
    if not all(name[0].isupper() for name in names) or len(names) < 2:
        return None
    recurring = len(set(names)) < len(names) and len(set(names)) <= max(2, len(names) // 2)
    usual = all(name.split()[0].lower() in _USUAL_NAMES for name in names)
    return _only(set(names)) if recurring or usual else None


def _only(names: set[str]) -> re.Pattern[str]:
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\s{{0,3}}{_PICTURES}\s{{0,2}}(?P<name>{known}):\s*(?P<text>.*)")


def _without_comments(text: str) -> str:
    """The text without HTML comments, its line numbers kept."""
    pieces, done = [], 0
    while (start := text.find("<!--", done)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            raise InvalidScript(
                f"line {text.count(chr(10), 0, start) + 1}: a comment <!-- that never ends; write --> where it does"
            )
        pieces += [text[done:start], "\n" * text.count("\n", start, end)]
        done = end + 3
    return "".join([*pieces, text[done:]])


def _front_matter(rows: list[str], building: _Building) -> int:
    """Read title and language between two `---` at the top; the index of the first row after them."""
    if rows[0].strip() != "---":
        return 0
    end = next((index for index, row in enumerate(rows[1:201], start=1) if row.strip() in {"---", "..."}), None)
    if end is None or not any(re.match(r"\w+\s*:", row) for row in rows[1:end]):
        return 0
    text = "\n".join(rows[1:end])
    try:
        refuse_bombs(text)
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidScript(
            f"lines 1 to {end + 1}: the front matter is not YAML ({str(error).splitlines()[0]})"
        ) from error
    if not isinstance(found, dict):
        raise InvalidScript(
            f"lines 1 to {end + 1}: the front matter is no list of names and values; write title: and language:"
        )
    building.title = " ".join(str(found.get("title") or "").split())
    building.language = str(found.get("language") or "").strip()
    return end + 1
