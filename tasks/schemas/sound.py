"""What a meter reads."""

from tasks.schemas.frozen import Frozen


class Loudness(Frozen):
    """Loudness and peak of a piece of sound; -inf where there is nothing above the gate.

    Source: ITU-R BS.1770-5 (integrated loudness, true peak), EBU Tech 3341 (momentary, short-term), Tech 3342 (range).
    """

    integrated_lufs: float
    short_term_max_lufs: float
    momentary_max_lufs: float
    range_lu: float
    true_peak_dbtp: float
