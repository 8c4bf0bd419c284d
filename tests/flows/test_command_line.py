"""The command line, beside `produce` and `preview`, which have tests of their own."""

from __future__ import annotations

import pytest

from blocks import SavedConsent
from blocks.audit import record
from flows.__main__ import COMMANDS, main
from flows.cli.produce import parse


def test_voices_are_listed_with_who_speaks(studio, capsys: pytest.CaptureFixture[str]):
    assert main(["voices"]) == 0

    lines = capsys.readouterr().out.splitlines()
    (asa,) = [line for line in lines if line.startswith("espeak-asa ")]
    assert "espeak" in asa.split()[1]
    assert any(line.startswith("azure-gudrun ") for line in lines)


def test_the_audit_log_is_listed_the_oldest_first(studio, capsys: pytest.CaptureFixture[str]):
    record("voice.cloned", preset="gudrun-klonud", voice="abc123", consent="gudrun", person="Guðrún Jónsdóttir")
    record("voice.used", preset="gudrun-klonud", consent="gudrun", show="hladvarp", episode="surtsey")
    record("consent.revoked", consent="gudrun", reason="hætt við")

    assert main(["audit"]) == 0

    head, cloned, used, revoked = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["when", "(UTC)", "event"]
    assert "gudrun-klonud (abc123)" in cloned
    assert "gudrun (Guðrún Jónsdóttir)" in cloned
    assert "hladvarp/surtsey" in used
    assert "hætt við" in revoked


def test_a_consent_that_is_not_there_ends_with_a_sentence(studio, capsys: pytest.CaptureFixture[str]):
    assert main(["revoke", "enginn"]) == 1

    assert "ConsentMissing: there is no consent 'enginn' to take back" in capsys.readouterr().err


def test_a_consent_is_revoked_from_the_command_line(studio, capsys: pytest.CaptureFixture[str]):
    consent = {
        "person": "Anna",
        "statement": "Ég samþykki að röddin sé notuð.",
        "recording_sha256": "0" * 64,
        "granted_at": "2026-11-01T00:00:00Z",
    }
    SavedConsent.model_validate({"consent": consent}).save("anna", overwrite=True)

    assert main(["revoke", "anna", "--reason", "hætt við"]) == 0

    assert "anna: revoked; deleted no voice" in capsys.readouterr().out
    assert SavedConsent.load("anna").consent.revoked_at is not None
    SavedConsent.delete("anna")


@pytest.mark.parametrize("arguments", [[], ["sing"], ["clone"], ["clone", "Með bil", "a.wav", "--consent", "gudrun"]])
def test_a_command_that_cannot_be_read_is_refused(arguments: list[str]):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2


def test_any_field_of_the_request_can_be_set_from_the_command_line():
    given = ["treatment.noise_reduction=off", "treatment.leveller=0", "mastering.true_peak_dbtp=-2", "gate.snr_db=20"]

    request = parse(["vidtal.mp3", "--production", "enhance", "--channels", "1", "--set", *given])

    assert (request.treatment.noise_reduction, request.treatment.leveller, request.gate.snr_db) == ("off", 0, 20)
    assert (request.mastering.true_peak_dbtp, request.mastering.channels) == (-2, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("treatment.leveler=0", "treatment.leveler: there is no such field"),
        ("treatment.leveller=2", "treatment.leveller: Input should be less than or equal to 1"),
        ("mastering.bit_rate_kbps=17", "mastering.bit_rate_kbps: Input should be 64, 96"),
        ("show.title=x", "'show.title=x' is not GROUP.FIELD=VALUE with one of treatment, mastering, gate"),
        ("treatment", "'treatment' is not GROUP.FIELD=VALUE"),
        ("mastering.formats=flac", "--set mastering.formats: there is an option of its own for that"),
        ("gate.round_trip=never", "--set gate.round_trip: there is an option of its own for that"),
        ("gate.cut_peaks_a_minute=1e400", "gate.cut_peaks_a_minute: Input should be less than or equal to 100000"),
        (f"gate.snr_db={200_000 * '['}", "gate.snr_db: Input should be a valid number"),
        (f"gate.snr_db={5_000 * '9'}", "gate.snr_db: Input should be less than or equal to 60"),
    ],
    ids=lambda text: text[:40],
)
def test_a_field_that_cannot_be_set_is_named(capsys: pytest.CaptureFixture[str], given: str, said: str):
    with pytest.raises(SystemExit):
        parse(["vidtal.mp3", "--set", given])

    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])

    assert stopped.value.code == 0
    assert f"python -m flows {command}" in capsys.readouterr().out
