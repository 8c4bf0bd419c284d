"""What all failures have in common."""

from __future__ import annotations

from typing import ClassVar, Self


class HladvarpError(Exception):
    """A failure with a sentence for the person who met it: what happened, with which value, what to do."""

    retryable: ClassVar[bool] = False
    """Whether the same call can succeed later, with nothing changed on our side."""

    wait_s: float = 0.0
    """How long the other side asked us to wait before the next call; 0 where it did not say."""

    def after(self, wait_s: float) -> Self:
        """This failure, with the wait that the other side asked for."""
        self.wait_s = max(0.0, wait_s)
        return self
