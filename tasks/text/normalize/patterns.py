"""What in written Icelandic could be read aloud in more than one way, each kind with the pattern that finds it."""
# ruff: noqa: E501  (a pattern is easier to check on one line)

from __future__ import annotations

import re

from tasks.text.normalize.tables import CURRENCIES, MONTHS, PER, UNITS, WEEKDAYS

_LETTER = r"[^\W\d_]"
_NUMBER = r"(?:\d{1,3}(?:[.\u00a0\u202f]\d{3}){1,5}|\d{1,18})(?:,\d{1,12})?(?!\d)"
_DASH = r"[-–—−]"
_MAGNITUDE = r"milljón\w*|milljarð\w*|milljörð\w*|þúsund\w*|millj\.?|mill\.|þús\.?|mia\.?|ma\.?|m\.?|þ\.?"
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_PER = rf"(?:/(?P<%s>{'|'.join(re.escape(unit) for unit in sorted({*PER, *UNITS}, key=len, reverse=True))})(?!\w)\.?)?"
_SIGNS = "".join(re.escape(sign) for sign in CURRENCIES if len(sign) == 1 and not sign.isalpha())
_CODES = "|".join(re.escape(code) for code in CURRENCIES if code.isupper())
_HOUR, _MINUTES = r"(?:[01]?\d|2[0-4])", r"[0-5]\d"
_CLOCK = rf"{_HOUR}(?:[:.]{_MINUTES}(?::{_MINUTES})?)?(?!\d)"
_WEEKDAY = "|".join(WEEKDAYS)
_PIECE = "½¼¾⅓⅔⅛"
_SPACED = r"t\. d|m\. a|þ\. e(?:\. a\. s)?|o\. s\. frv|o\. fl|u\. þ\. b|þ\. ?á\.? m|a\. m\. k|m\. ö\. o|f\. h|e\. h|[fe]\. Kr|e\. t\. v|alm\. ?hgl"


def _second(name: str) -> str:
    return rf"(?:\s?{_DASH}\s?(?P<{name}>{_NUMBER}))?"


def _sign(name: str) -> str:
    return rf"(?:(?<![\w.,)\]])(?P<{name}>[-−+]))?"


PATTERNS: tuple[tuple[str, str], ...] = (
    ("email", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("web", r"(?:https?://|www\.)[^\s<>\"„“”]*[^\s<>\"„“”.,;:!?)\]]"),
    ("web", rf"(?<![\w.@])(?:[\w-]{{1,63}}\.){{1,4}}(?:is|com|org|net|eu|io|dk|no|se|uk|de)(?:/[\w./-]*[\w/])?(?![\w.]*{_LETTER})"),
    ("handle", r"(?<!\w)@\w+"),
    ("hashtag", rf"(?<!\w)#{_LETTER}\w*"),
    ("kennitala", r"(?<![\w-])\d{6}-\d{4}(?![\w-])"),
    ("iban", r"(?<!\w)[A-Z]{2}\d{2}(?: ?\d{4}){3,6}(?: ?\d{1,3})?(?!\w)"),
    ("account", r"(?<![\w-])\d{3,4}-\d{2}-\d{4,6}(?![\w-])"),
    ("phone", r"(?<!\w)\+\d{1,3}[ \u00a0-]?\d(?:[ \u00a0-]?\d){5,11}(?!\w)"),
    ("phone", r"(?<![\w.,-])0800[ -]?\d{3,4}(?![\w-])"),
    ("phone", r"(?<![\w.,-])[1-9]\d{2}[ \u00a0-]\d{4}(?![\w-]|[.,]\d)"),
    ("hyphenation", rf"(?<={_LETTER})-[ \t]*\n[ \t]*(?={_LETTER})"),
    ("clock", rf"(?:(?i:kl\.?|klukkan)\s?)(?P<from>{_CLOCK})(?:\s?{_DASH}\s?(?P<to>{_CLOCK}))?"),
    ("duration", r"(?<![\w:])\d{1,3}:[0-5]\d:[0-5]\d(?![\w:])"),
    ("ratio", r"(?<![\w:.,])\d{1,3}:\d{1,3}(?:\.\d{3})+(?![\w:])"),
    ("lap", r"(?<![\w:.,])\d{1,3}:[0-5]\d[.,]\d{1,2}(?![\w:])"),
    ("time", rf"(?<![\w:.,])(?P<ta>{_HOUR}:{_MINUTES})(?:\s?{_DASH}\s?(?P<tb>{_HOUR}:{_MINUTES}))?(?![\w:])"),
    ("colon", r"(?<![\w:.,])\d{1,3}(?::| : )\d{1,3}(?![\w:])"),
    ("isodate", r"(?<![\w-])(?P<iy>\d{4})-(?P<im>0\d|1[0-2])-(?P<id>[0-2]\d|3[01])(?![\w-])"),
    ("numericdate", r"(?<![\w.,])(?P<nd>[0-3]?\d)(?P<sep>[./])\s?(?P<nm>[01]?\d)(?:(?P=sep)\s?|(?<=/\d)\s|(?<=/\d\d)\s)(?P<ny>\d{4}|\d{2})(?![\w])(?!\.\d)"),
    ("shortdate", rf"(?<![\w.,])(?P<sd>[0-3]?\d)\.(?P<sm>[01]?\d)\.(?=\s?{_DASH}|\s+[a-záéíóúýþæöð])"),
    ("date", rf"(?<![\w.,])(?:(?P<da>[0-3]?\d)\.\s?{_DASH}\s?)?(?P<db>[0-3]?\d)\.\s?(?i:(?P<month>{_MONTH}|[þs]\.\s?m(?=\.)))(?!\w)(?P<dot>\.?)(?:\s+(?P<year>[12]\d{{3}})(?![\w.,]*\d))?"),
    ("money", rf"(?<!\w)(?P<ca>(?:{_CODES})\s?|[{_SIGNS}]|kr\.?\s?(?=\d)){_sign('ms')}(?P<ma>{_NUMBER}){_second('mb')}(?:\s?(?P<mm>{_MAGNITUDE})(?:(?!\w)|(?=kr))(?:\s?kr(?!\w)\.?)?)?"),
    ("money", rf"(?<![\w.,]){_sign('ns')}(?P<na>{_NUMBER}){_second('nb')}(?:,-)?\s?(?:(?P<nmag>{_MAGNITUDE})\s?)?(?P<cb>kr(?!\w)\.?|[{_SIGNS}]|(?:{_CODES})(?!\w)){_PER % 'np'}"),
    ("money", rf"(?<![\w.,])(?P<nc>{_NUMBER}),-"),
    ("magnitude", rf"(?<![\w.,])(?P<ga>{_NUMBER}){_second('gb')}\s?(?P<gm>(?:millj|mia|ma|þús)\.)(?!\s?kr)"),
    ("percent", rf"(?<![\w.,]){_sign('ps')}(?P<pa>\d{{1,4}}\.\d{{1,2}}(?![\d.])|{_NUMBER})(?:\s?%)?{_second('pb')}\s?(?P<pu>[%‰])(?:[- ]?(?P<step>stig(?:um|[ais])?)(?!\w))?"),
    ("mixed", r"(?<!\w)[1-9]0s(?!\w)"),
    ("mixed", r"(?<!\w)\d{1,3}(?:st|n|ð|t|d)[iau](?!\w)"),
    ("unit", rf"(?<![\w.,])(?:(?P<ux>\d{{1,2}})\s?[x×]\s?)?{_sign('us')}(?:(?:(?P<uw>\d{{1,9}})(?:\s?(?=[{_PIECE}])|\s(?=\d/\d)))?(?P<uf>[{_PIECE}]|\d/\d)|(?P<ua>\d{{1,4}}\.\d{{1,2}}(?![\d.])|{_NUMBER}){_second('ub')})\s?(?:(?P<um>þús\.?|millj\.?|þ\.)\s?)?(?P<unit>{_UNIT})(?!\w){_PER % 'per'}(?!/\w)(?P<ud>\.?)"),
    ("fraction", rf"(?<![\w./,])(?:(?P<fw>\d{{1,9}})\s?)?(?P<fs>[{_PIECE}])|(?<![\w./,])(?:(?P<fx>\d{{1,9}}) (?=\d/\d(?!\d)))?(?P<fn>\d{{1,4}})/(?P<fd>\d{{1,4}})(?![\w/]|[.,]\d)"),
    ("mixed", rf"(?<![\w.,-])\d{{1,4}}-{_LETTER}\w*"),
    ("inches", rf'(?<![\w.,])(?P<ia>{_NUMBER})"(?=[^"]*\Z)'),
    ("range", rf"(?<![\w.,–—−-]){_sign('rs')}(?P<ra>{_NUMBER})\s?{_DASH}\s?(?P<rb>{_NUMBER})(?![\w]|{_DASH}\d|[.:/]\d)"),
    ("ordinal", rf"(?<![\w.,])(?P<oa>\d{{1,3}}(?:\.\d{{3}}){{1,2}}|\d{{1,6}})\.(?=\s+(?:(?:og|eða|til)\s+\d{{1,4}}\.\s+)?[a-záéíóúýþæöð]|\s?{_DASH}\s?\d{{1,4}}\.|,\s+\d{{1,4}}\.)"),
    ("romanordinal", r"(?<![\w.])[IVXLCDM]{1,8}\.(?=\s+(?:[a-záéíóúýþæöð]|\w+(?:drottning|konung|keisar|páf)))"),
    ("dotted", r"(?<![\w.,])(?!\d{1,3}(?:\.\d{3})+(?!\d|\.\d))\d{1,3}(?:\.\d{1,4}){1,4}(?![\w]|[.,]\d)"),
    ("shortyear", r"(?<!\w)['’‘]\d\d(?![\w'’]|[.,]\d)"),
    ("number", rf"(?<![\w.,]){_sign('xs')}(?P<xa>{_NUMBER})(?!{_LETTER}|_)"),
    ("weekdays", rf"(?<![\w.])(?i:(?P<wa>{_WEEKDAY})\.?\s?{_DASH}\s?(?P<wb>{_WEEKDAY})(?:\.|(?!\w)))"),
    ("weekdays", rf"(?<![\w.])(?<!\d )(?<!\d)(?i:(?P<wc>{_WEEKDAY})\.)(?=\s\d)"),
    ("telephone", r"(?<![\w.])[sS][.:](?=\s?[4-8]\d\d[ \u00a0-]?\d{4}(?!\d))"),
    ("with", rf"(?<![\w.])m(?:/(?={_LETTER})|\.(?=\s?vsk))"),
    ("abbreviation", rf"(?<![\w.])(?i:{_SPACED})\."),
    ("abbreviation", rf"(?<![\w.])(?:{_LETTER}{{1,12}}\.){{1,6}}(?:{_LETTER}{{1,3}}\.?(?!\w))?"),
    ("mixed", rf"(?<!\w)(?:{_LETTER}+{_DASH}?\d+/(?:19|20)\d\d(?!\d)|{_LETTER}+{_DASH}?\d\w*|\d+{_LETTER}\w*)(?:-{_LETTER}+)*"),
    ("word", rf"{_LETTER}+(?:['’-]{_LETTER}+)*"),
    ("digits", r"\d+"),
    ("symbol", r"\S"),
)  # fmt: skip
SCANNER = re.compile("|".join(f"(?P<k{index}>{pattern})" for index, (_, pattern) in enumerate(PATTERNS)))
"""Group `k3` is the fourth of the patterns; what comes first wins."""
