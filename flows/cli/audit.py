"""`python -m flows audit`: who cloned, used, heard and revoked what."""

from __future__ import annotations

import argparse

from blocks.audit import AuditEntry, read_all

COLUMNS = ("when (UTC)", "event", "voice", "consent", "for", "by")


def run(arguments: list[str]) -> int:
    """Print the log as a table, the oldest entry first."""
    argparse.ArgumentParser(prog="python -m flows audit", description="List the audit log.").parse_args(arguments)
    rows = [COLUMNS, *map(_row, read_all())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _row(entry: AuditEntry) -> tuple[str, ...]:
    used_for = "/".join(filter(None, (entry.show, entry.episode)))
    consent = f"{entry.consent} ({entry.person})" if entry.person else entry.consent
    voice = f"{entry.preset} ({entry.voice})" if entry.preset and entry.voice else entry.preset or entry.voice
    return f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.event, voice, consent, used_for or entry.reason, entry.by
