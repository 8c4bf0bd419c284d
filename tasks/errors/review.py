"""What a person has to decide, or has decided already."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class ReviewError(HladvarpError):
    """An episode waits for a person, or no longer does."""


class KeptForReview(ReviewError):
    """The episode is whole, and not as it was asked for: it is kept until a person decides."""


class NotKept(ReviewError):
    """No episode of this name waits for a decision; perhaps somebody has decided already."""
