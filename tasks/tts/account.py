"""What it costs to say what is missing, and what it has cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic import Field

from tasks.errors import AnswerUnfinished, BudgetExceeded, EngineError, SpokeOtherwise
from tasks.schemas import EngineEstimate, EngineUse, PlannedLine, VoicePreset
from tasks.schemas.frozen import Frozen
from tasks.schemas.voice import EngineName
from tasks.tts.engine import Speech, TtsEngine

MILLION = 1_000_000


class Tally(Frozen):
    """What one attempt at a batch has asked of its engine."""

    engine: EngineName
    version: str
    made: int = 0
    requests: int = 0
    unfinished: int = 0
    characters: int = 0
    usd: float | None = Field(default=0.0, description="None where no price is published by the character.")

    def answered(self, engine: TtsEngine, line: PlannedLine, speech: Speech) -> Tally:
        """The tally after one more clip."""
        characters = speech.billed_characters or billed(engine, line)
        return self._asked(engine, line, characters).model_copy(update={"made": self.made + 1})

    def failed(self, engine: TtsEngine, line: PlannedLine, error: EngineError) -> Tally:
        """The tally after a request without a clip. An answer that broke off counts as paid: the vendor may bill it."""
        if not isinstance(error, AnswerUnfinished | SpokeOtherwise):
            return self._asked(engine, line, 0)
        asked = self._asked(engine, line, billed(engine, line))
        return asked.model_copy(update={"unfinished": self.unfinished + 1})

    def _asked(self, engine: TtsEngine, line: PlannedLine, characters: int) -> Tally:
        more = {
            "requests": self.requests + says_something(line),
            "characters": self.characters + characters,
            "usd": _sum(self.usd, price_usd(line.voice, engine, characters)),
        }
        return self.model_copy(update=more)


def says_something(line: PlannedLine) -> bool:
    """Whether a line holds anything to say; of one that does not, an engine makes silence and asks nobody."""
    return any(character.isalnum() for character in line.spoken.text)


def billed(engine: TtsEngine, line: PlannedLine) -> int:
    """The characters that the vendor will count of a line."""
    if not says_something(line):
        return 0
    return engine.bills(line.spoken.text, line.voice, line.language, line.marks)


def price_usd(voice: VoicePreset, engine: TtsEngine, characters: int) -> float | None:
    """What the vendor takes for this many characters, at its published price."""
    price = engine.capabilities(voice).usd_per_million_characters
    return None if price is None else characters * price / MILLION


def estimates_of(
    lines: Sequence[PlannedLine], engine_of: Callable[[VoicePreset], TtsEngine]
) -> tuple[EngineEstimate, ...]:
    """What each engine will be asked for, in the order in which they come."""
    found: dict[EngineName, EngineEstimate] = {}
    for line in lines:
        engine = engine_of(line.voice)
        characters = billed(engine, line)
        before = found.get(line.voice.engine, EngineEstimate(engine=line.voice.engine, lines=0, characters=0, usd=0.0))
        found[line.voice.engine] = EngineEstimate(
            engine=line.voice.engine,
            lines=before.lines + 1,
            characters=before.characters + characters,
            usd=_sum(before.usd, price_usd(line.voice, engine, characters)),
        )
    return tuple(found.values())


def require_budget(estimates: Sequence[EngineEstimate], budget_usd: float, *, spent_usd: float = 0.0) -> None:
    """Refuse what would cost more than the request allows; 0 means no limit.

    spent_usd: what this run has cost already, when other voices are to read than those that were cast.
    Raises: BudgetExceeded.
    """
    if not budget_usd:
        return
    unpriced = [estimate.engine for estimate in estimates if estimate.usd is None]
    if unpriced:
        raise BudgetExceeded(
            f"what {', '.join(unpriced)} will cost cannot be known before, since no price by the character is "
            f"published, and the budget is {_usd(budget_usd)} USD; cast other voices, or set no budget"
        )
    usd = sum(estimate.usd or 0.0 for estimate in estimates)
    if usd + spent_usd > budget_usd:
        lines = sum(estimate.lines for estimate in estimates)
        asked = ", ".join(
            f"{estimate.engine} {estimate.characters} characters" for estimate in estimates if estimate.usd
        )
        before = f" after {_usd(spent_usd)} USD for the others" if spent_usd else ""
        raise BudgetExceeded(
            f"{lines} lines would cost {_usd(usd)} USD ({asked}){before}, above the budget of {_usd(budget_usd)} USD; "
            "raise the budget, or cast cheaper voices"
        )


def uses_of(versions: Mapping[str, str], tallies: Iterable[Tally]) -> tuple[EngineUse, ...]:
    """What each engine was asked for in all; nothing, where all was stored. versions: of all engines that speak."""
    uses = {name: EngineUse(role="tts", engine=name, version=version) for name, version in versions.items()}
    for tally in tallies:
        before = uses.get(tally.engine, EngineUse(role="tts", engine=tally.engine, version=tally.version))
        uses[tally.engine] = before.model_copy(
            update={
                "requests": before.requests + tally.requests,
                "unfinished": before.unfinished + tally.unfinished,
                "characters": before.characters + tally.characters,
                "usd": _sum(before.usd, tally.usd),
            }
        )
    return tuple(uses.values())


def _usd(amount: float) -> str:
    """With cents, and with more where there is less than one of them."""
    return f"{amount:.2f}" if amount >= 0.01 or not amount else f"{amount:.6f}"


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
