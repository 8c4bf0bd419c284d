"""What was given cannot become an episode."""

from __future__ import annotations

from typing import Self

from tasks.errors.root import HladvarpError


class SourceError(HladvarpError):
    """What was given cannot become an episode."""

    def named_by(self, where: str) -> Self:
        """The same failure, of a file that something else named: a line of a script, a template."""
        return type(self)(f"{where}: {self}").after(self.wait_s)


class SourceNotFound(SourceError):
    """There is nothing at this address."""


class SourceRefused(SourceError):
    """The address, or a name in it, is not allowed."""


class SourceTooLarge(SourceError):
    """The source has more bytes than the limit."""


class SourceTooLong(SourceError):
    """The recording lasts longer than the limit."""


class SourceUnreachable(SourceError):
    """The network, or the other side, failed."""

    retryable = True


class EmptySource(SourceError):
    """The source has no bytes, or a script has no lines."""


class UnreadableSource(SourceError):
    """The source is neither a recording nor a script, or is damaged beyond use."""


class NoAudioStream(SourceError):
    """The file can be read, but holds no sound."""


class SilentRecording(SourceError):
    """The recording holds sound, and all of it is silence."""
