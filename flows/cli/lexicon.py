"""`python -m flows lexicon`: try the studio's pronunciations on a text, check them, and exchange them as PLS."""

from __future__ import annotations

import argparse
from pathlib import Path

from tasks.cast import lexicon
from tasks.text.lexicon import write_lexicon
from tasks.text.pls import from_pls, read_document, to_pls


def run(arguments: list[str]) -> int:
    """Print what was asked for; the files are read, and so checked, whatever that is."""
    parser = argparse.ArgumentParser(
        prog="python -m flows lexicon",
        description="Check the lexicon, show how it reads a text, write it as PLS 1.0, or turn PLS into YAML.",
    )
    parser.add_argument("text", nargs="?", default="", help="a text to read with the lexicon")
    parser.add_argument("--language", default="is", help="of the text, or of the PLS (is)")
    parser.add_argument("--show", default="", help="with what holds for this show")
    parser.add_argument("--preset", default="", help="with what holds for this voice")
    parser.add_argument("--ipa", action="store_true", help="as for a voice that takes IPA")
    parser.add_argument("--pls", action="store_true", help="print the lexicon as PLS 1.0")
    parser.add_argument("--from-pls", default="", metavar="FILE", help="print a PLS document as YAML for the lexicon")
    given = parser.parse_args(arguments)
    if given.from_pls:
        print(write_lexicon(from_pls(read_document(Path(given.from_pls)), name=given.from_pls)), end="")
        return 0
    known = lexicon()
    if given.pls:
        scopes = {"everywhere", f"show:{given.show}", f"preset:{given.preset}"}
        print(to_pls((entry for entry in known.entries if entry.scope in scopes), given.language), end="")
        return 0
    spans, marks = known.readings(given.text, given.language, show=given.show, preset=given.preset, ipa=given.ipa)
    phonemes = {mark.start: f"/{mark.settings['ph']}/" for mark in marks}
    for span in spans:
        print(f"{span.written} → {phonemes.get(span.start, span.spoken)}")
    if not given.text:
        forms = sum(len(entry.forms) for entry in known.entries)
        print(f"{len(known.entries)} entries, {forms} forms; nothing is wrong in them")
    return 0
