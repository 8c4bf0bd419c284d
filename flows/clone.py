"""clone_voice and revoke_consent: a person's voice, for as long as that person consents."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import flow_run
from pydantic import StringConstraints

from flows.dispatch import RUNNER, done
from flows.marks import plain
from tasks.clone import delete_clones, make_voice, revoke
from tasks.schemas.cloning import ClonedVoice, CloneRequest, Revocation

BlockName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


def clone_run_name() -> str:
    """What the UI calls a run: which voice is made."""
    request: CloneRequest = flow_run.parameters["request"]
    return f"clone {request.name}"


@flow(name="clone-voice", flow_run_name=clone_run_name, task_runner=RUNNER)
async def clone_voice(request: CloneRequest) -> ClonedVoice:
    """Clone the voice of a person who has consented to it, and save it as a voice that can be cast.

    Args:
        request: Whose consent, which recordings, and what the voice is called.
    """
    cloned = await done(make_voice.submit(request))
    await acreate_markdown_artifact(_cloned(cloned), key="cloned-voice", description=f"{cloned.preset}, cloned")
    return cloned


@flow(name="revoke-consent", flow_run_name="revoke {consent}", task_runner=RUNNER)
async def revoke_consent(consent: BlockName, reason: Reason = "") -> Revocation:
    """End a person's consent: their voice speaks no longer, and the vendor deletes it.

    The consent ends first. Where the vendor can't be reached the run fails and says what is left; run it again.

    Args:
        consent: Name of the block Voice Consent.
        reason: Why, in a few words, for the audit log.
    """
    ended = await done(revoke.submit(consent, reason))
    revocation = await done(delete_clones.submit(consent, ended))
    await acreate_markdown_artifact(_revoked(revocation), key="revoked-consent", description=f"{consent}, revoked")
    return revocation


def _cloned(cloned: ClonedVoice) -> str:
    made = "made in this run" if cloned.new else "made in an earlier run"
    samples = "one recording" if cloned.samples == 1 else f"{cloned.samples} recordings"
    notes = "".join(f"\n> {plain(note)}\n" for note in cloned.notes)
    return f"""# {cloned.preset}

The voice of {plain(cloned.person)}, cloned from {samples}, {cloned.duration_s:.0f} s in all; {made}.
It is used under the consent `{cloned.consent}`, and ends with it: run *revoke-consent*.
{notes}
Cast it as `{cloned.preset}`, or hear it first with *preview-voice*. The vendor calls it `{cloned.voice}`.
"""


def _revoked(revocation: Revocation) -> str:
    def listed(title: str, names: tuple[str, ...]) -> str:
        entries = "".join(f"* {plain(name)}\n" for name in names) or "* none\n"
        return f"\n## {title}\n{entries}"

    return (
        f"# {plain(revocation.consent)}, revoked\n\n{plain(revocation.person)} took back the consent on "
        f"{revocation.revoked_at:%Y-%m-%d at %H:%M} UTC.\n"
        + listed("Deleted at ElevenLabs, and gone", revocation.deleted)
        + listed("Voices that refuse to speak", revocation.presets)
        + (listed("To be deleted by hand", revocation.by_hand) if revocation.by_hand else "")
        + listed("Published episodes in which they are heard", revocation.episodes)
    )
