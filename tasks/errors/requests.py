"""What was asked for, or configured, cannot be."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class InvalidRequest(HladvarpError):
    """The request asks for something that cannot be."""


class InvalidScript(InvalidRequest):
    """A line of the script cannot be read."""


class UncastSpeaker(InvalidRequest):
    """A speaker of the script has no voice."""


class UnknownPreset(InvalidRequest):
    """A cast names a voice preset that nobody defined."""


class UnknownTemplate(InvalidRequest):
    """A request, or its show, names an episode template that nobody defined."""


class LanguageNotAllowed(InvalidRequest):
    """The show, or the engine, does not take this language."""


class BudgetExceeded(InvalidRequest):
    """The episode would cost more than the request allows."""


class ConsentMissing(InvalidRequest):
    """A voice was cloned, and no consent covers its use."""


class ConsentEnded(InvalidRequest):
    """The person's consent was revoked, or has run out."""


class InvalidSettings(HladvarpError):
    """A settings file, an environment variable or a secret is wrong."""


class InvalidPreset(InvalidSettings):
    """A voice preset cannot be read, or holds a value that its engine does not take."""


class InvalidLexicon(InvalidSettings):
    """A pronunciation lexicon cannot be read."""


class InvalidTemplate(InvalidSettings):
    """An episode template cannot be read."""
