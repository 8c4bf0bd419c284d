"""The forms of one Icelandic word beside those of another: what `inflect` means in a lexicon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from islenska import Bin, BinEntry

from tasks.errors import InvalidLexicon

NOUNS = frozenset({"kk", "kvk", "hk"})
_NOMINATIVE = re.compile(r"NF(ET|FT)(gr)?")
_UNSTRESSED = frozenset("aiu")
_VOWELS = frozenset("aáeéiíoóuúyýæö")
_BY_HAND = "write each form as an entry of its own, without inflect"

Forms = dict[str, str]
"""A paradigm: the word that stands under each mark of BÍN, such as `ÞGFETgr`; a second one is under `ÞGFETgr2`."""


@lru_cache(maxsize=65_536)
def inflected(grapheme: str, alias: str) -> tuple[tuple[str, str], ...]:
    """Every form of `grapheme` with the form of `alias` that is said for it, the grapheme itself first.

    An alias that BÍN knows stands in the same case, number and article. Another takes the endings of the grapheme.
    The lemma stands for all its forms; another nominative (`Landsbankinn`) for those of its number and article.
    Raises: InvalidLexicon where BÍN does not know the grapheme, or the alias cannot follow it.
    """
    paradigms = _paradigms(grapheme, guessed=True)
    forms = {form for _, marks in paradigms for form in marks.values()}
    if not forms:
        raise InvalidLexicon(f"BÍN knows no word {grapheme!r} in the nominative; {_BY_HAND}")
    known = [(a, marks) for a, marks in _paradigms(alias, guessed=False) if any(_alike(a, b) for b, _ in paradigms)]
    pairs = _by_marks(paradigms, known)
    if pairs is None:
        pairs = _by_endings(grapheme, alias, forms)
        wrong = set(pairs.values()).difference(*(marks.values() for _, marks in known)) if known else set()
        if wrong:
            raise InvalidLexicon(
                f"BÍN inflects {alias!r} in another way than {grapheme!r}, and knows no {min(wrong)!r}; {_BY_HAND}"
            )
    return ((grapheme, alias), *sorted(pair for pair in pairs.items() if pair[0] != grapheme))


@lru_cache(maxsize=1)
def _bin() -> Bin:
    # what BÍN guesses of words with ó-, -legur or an old z is not its paradigm
    return Bin(add_negation=False, add_legur=False, replace_z=False)


def _paradigms(word: str, *, guessed: bool) -> tuple[tuple[str, Forms], ...]:
    """(word class, forms) of each word that `word` may be the nominative of; nouns alone where there are any.

    guessed: whether a compound that BÍN only takes apart will do.
    """
    lemmas: list[tuple[str, Forms]] = []
    others: list[tuple[str, Forms]] = []
    spellings = {_joined(word), _joined(word[:1].lower() + word[1:])}
    for entry in _bin().lookup(word)[1]:
        is_lemma = _joined(entry.ord) in spellings
        own = _NOMINATIVE.fullmatch(entry.mark) if entry.ofl in NOUNS else None
        if not (is_lemma or own) or _joined(entry.bmynd) not in spellings or not (entry.bin_id or guessed):
            continue
        forms = _forms(word, entry)
        if own and not is_lemma:
            alike = re.compile(rf"\w+{own[1]}{own[2] or ''}\d?")
            forms = {mark: form for mark, form in forms.items() if alike.fullmatch(mark)}
        paradigms = lemmas if is_lemma else others
        if (entry.ofl, forms) not in paradigms:
            paradigms.append((entry.ofl, forms))
    found = lemmas or others
    return tuple(paradigm for paradigm in found if paradigm[0] in NOUNS) or tuple(found)


def _joined(word: str) -> str:
    return word.replace("-", "")


def _forms(word: str, entry: BinEntry) -> Forms:
    """All forms of an entry; a compound that BÍN has not listed is inflected by its last part."""
    before, bin_id = "", entry.bin_id
    if not bin_id:
        last = entry.ord.rpartition("-")[2]
        listed = [e.bin_id for e in _bin().lookup(last)[1] if (e.ord, e.ofl) == (last, entry.ofl) and e.bin_id]
        if not listed or not word.endswith(last):
            return {}
        before, bin_id = word.removesuffix(last), listed[0]
    forms: Forms = {}
    for row in _bin().lookup_id(bin_id):
        form = before + row.bmynd
        forms.setdefault(row.mark, form[:1].upper() + form[1:] if word[:1].isupper() else form)
    return forms


def _alike(one: str, other: str) -> bool:
    """Whether words of these two classes have the same marks: nouns of all genders do."""
    return one == other or {one, other} <= NOUNS


def _by_marks(paradigms: Sequence[tuple[str, Forms]], known: Sequence[tuple[str, Forms]]) -> dict[str, str] | None:
    """The alias in the form of the same mark; None where BÍN does not have it, or a form would have two readings."""
    readings: dict[str, str] = {}
    for number, (word_class, forms) in enumerate(paradigms):
        # of words that look alike, each stands beside its like
        closest = sorted(enumerate(known), key=lambda one: (one[1][0] != word_class, one[0] != number))
        for _, (other_class, spoken) in closest:
            pairs = _paired(forms, spoken) if _alike(other_class, word_class) else None
            if pairs and all(readings.get(form, said) == said for form, said in pairs.items()):
                readings |= pairs
                break
        else:
            return None
    return readings


def _paired(forms: Forms, spoken: Forms) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    # a rarer form (`EFET2`) is asked only for words that are nothing else
    for mark in sorted(forms, key=lambda mark: mark[-1].isdigit()):
        form, said = forms[mark], spoken.get(mark) or spoken.get(mark.rstrip("0123456789"))
        if form in pairs and mark[-1].isdigit():
            continue
        if not said or pairs.setdefault(form, said) != said:
            return None
    return pairs


def _by_endings(grapheme: str, alias: str, forms: set[str]) -> dict[str, str]:
    """What each form has beyond the stem, put on the alias in place of the grapheme's ending: `Harba`, `Hörbu`.

    The forms of a stem differ in nothing but vowels (`Harp`, `Hörp`), and the alias changes the same ones, counted
    from the end of its stem.
    """
    length = next(n for n in range(len(grapheme), -1, -1) if all(_same_stem(grapheme[:n], form) for form in forms))
    stem, ending = grapheme[:length], grapheme[length:]
    begin = alias.removesuffix(ending)
    if not alias.endswith(ending) or not begin:
        other = min(forms, key=lambda form: (form.endswith(ending), len(form), form))
        raise InvalidLexicon(
            f"{grapheme!r} becomes {other!r}, so that its alias must end in {ending!r} as well, "
            f"and {alias!r} does not; {_BY_HAND}"
        )
    if begin[-1] in _UNSTRESSED and stem[-1:] not in _VOWELS and any(len(form) > length for form in forms):
        raise InvalidLexicon(f"the endings of {grapheme!r} do not fit the vowel at the end of {alias!r}; {_BY_HAND}")
    return {form: _with_vowels(begin, stem, form[:length], alias) + form[length:] for form in forms}


def _same_stem(stem: str, form: str) -> bool:
    return len(form) >= len(stem) and all(
        a == b or (a in _VOWELS and b in _VOWELS) for a, b in zip(stem.lower(), form.lower(), strict=False)
    )


def _with_vowels(begin: str, stem: str, changed: str, alias: str) -> str:
    """`begin` with the vowels changed that differ between `stem` and `changed`."""
    places = [index for index, letter in enumerate(stem) if letter.lower() in _VOWELS][::-1]
    own = [index for index, letter in enumerate(begin) if letter.lower() in _VOWELS][::-1]
    letters = list(begin)
    for number, place in enumerate(places):
        if stem[place] == changed[place]:
            continue
        if number >= len(own) or begin[own[number]].lower() != stem[place].lower():
            raise InvalidLexicon(
                f"{stem[place]!r} in {stem!r} becomes {changed[place]!r} in other forms, and {alias!r} has no "
                f"{stem[place]!r} there; {_BY_HAND}"
            )
        upper = begin[own[number]].isupper()
        letters[own[number]] = changed[place].upper() if upper else changed[place].lower()
    return "".join(letters)
