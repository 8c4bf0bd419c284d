"""Which language a text is in, told by its most frequent small words."""

from __future__ import annotations

import re
from collections import Counter

from tasks.errors import LanguageNotAllowed

# The most frequent function words of each language that are rare or absent in the others.
SMALL_WORDS = {
    "is": "og að í er það sem ekki hann hún við þetta þess um var með ég því eru þá hafa verið til frá eða svo þeir",
    "en": "the and of to in is that it was for you with on as are this have not be at from they we she his her which",
    "da": "og det at en den til er som på de med han af for ikke der var mig sig men et har om vi jeg hvad blev",
    "no": "og det at en den til er som på de med han av for ikke der var meg seg men et har om vi jeg hva ble",
    "sv": "och det att en den till är som på de med han av för inte där var mig sig men ett har om vi jag vad blev",
    "fo": "og tað at ein til er sum á tey við hann av fyri ikki har var meg seg men eitt hevur um vit eg hvat varð",
    "de": "und der die das ist nicht zu den mit von sich auf für ein eine dem des im wir ich auch es an werden aus er",
    "fr": "et le la les de des un une est que qui dans pour pas sur au avec ce il elle nous vous sont par plus ne se",
    "es": "y el la los las de un una es que en por para no con se su lo del al como más pero sus le ha sobre este",
    "pl": "i w na z się nie do to że jest o jak po co tak za od jego jej są ale dla przez być tylko lub czy już tym",
}
_WORD = re.compile(r"[^\W\d_]+")


def guess_language(text: str, allowed: tuple[str, ...]) -> str:
    """The most likely of the `allowed` languages; the first of them where the text does not tell.

    Raises: LanguageNotAllowed when nothing is allowed.
    """
    if not allowed:
        raise LanguageNotAllowed("no language is allowed here; name at least one in the show's settings")
    words = Counter(_WORD.findall(text[:100_000].casefold()))
    scores = {language: sum(words[word] for word in set(SMALL_WORDS.get(language, "").split())) for language in allowed}
    return max(allowed, key=lambda language: scores[language])
