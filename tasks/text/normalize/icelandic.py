"""Read Icelandic: each token that is not plain words goes to the reader of its kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from tasks.text.normalize import amounts, counting, dates, signs, spelling
from tasks.text.normalize.numbers import cardinal, digits
from tasks.text.normalize.reading import Reading
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tokens import Token, tokenize

Reader = Callable[[Sentence], tuple[str, str] | None]

READERS: dict[str, Reader] = {
    "email": spelling.read_email,
    "web": spelling.read_web,
    "handle": spelling.read_handle,
    "hashtag": spelling.read_hashtag,
    "kennitala": spelling.read_kennitala,
    "phone": spelling.read_phone,
    "account": spelling.read_phone,
    "iban": spelling.read_iban,
    "hyphenation": signs.read_hyphenation,
    "clock": dates.read_clock,
    "time": dates.read_time,
    "duration": dates.read_duration,
    "ratio": counting.read_ratio,
    "lap": dates.read_lap,
    "colon": dates.read_colon,
    "isodate": dates.read_numeric_date,
    "numericdate": dates.read_numeric_date,
    "shortdate": dates.read_short_date,
    "date": dates.read_date,
    "shortyear": dates.read_short_year,
    "weekdays": dates.read_weekdays,
    "dotted": dates.read_dotted,
    "money": amounts.read_money,
    "magnitude": amounts.read_magnitude,
    "percent": amounts.read_percent,
    "unit": amounts.read_unit,
    "fraction": amounts.read_fraction,
    "range": counting.read_range,
    "ordinal": counting.read_ordinal,
    "romanordinal": counting.read_ordinal,
    "number": counting.read_number,
    "telephone": signs.read_telephone,
    "with": signs.read_with,
    "abbreviation": signs.read_abbreviated,
    "mixed": spelling.read_mixed,
    "word": spelling.read_word,
    "digits": spelling.read_digits,
    "symbol": signs.read_symbol,
}


def read_icelandic(text: str) -> Iterator[Reading]:
    """Everything in `text` that is said otherwise than it is written, in order."""
    tokens = tokenize(text)
    for index, token in enumerate(tokens):
        kind, spoken = READERS[token.kind](Sentence(tokens, index)) or ("number", token.text)
        # no digit reaches a voice, which would read it as it pleases
        spoken = _without_digits(spoken) if any(character.isdigit() for character in spoken) else spoken
        if spoken != token.text:
            yield Reading(token.start, token.end, kind, _capitalised(spoken, tokens, index))


def _capitalised(spoken: str, tokens: list[Token], index: int) -> str:
    # A small letter after a full stop would take the pause away: engines cut sentences at capitals.
    if index and tokens[index - 1].text in {".", "!", "?", "…"} and not tokens[index].text[0].isalpha():
        return spoken[:1].upper() + spoken[1:]
    return spoken


def _without_digits(text: str) -> str:
    """Every run of digits as a number; superscripts and circled ones one by one."""
    pieces = re.findall(r"\d+|.", text, re.DOTALL)
    return "".join(_spoken_digits(piece) if piece.isdigit() else piece for piece in pieces).strip()


def _spoken_digits(run: str) -> str:
    if not run.isdecimal():
        return f" {cardinal(unicodedata.digit(run))} "
    return digits(run) if len(run) > 15 else cardinal(int(run))
