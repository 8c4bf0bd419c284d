from flows.sound_report import treatments
from tasks.schemas import Cut, DeesserReport, LeftAlone, NoiseReport, OffsetReport, StereoReport, TreatmentReport

NOISE = NoiseReport(
    engine="deepfilternet",
    version="DeepFilterNet 3",
    strength_db=24,
    cleaned_s=60,
    left_alone=(LeftAlone(reason="music", duration_s=12),),
    snr_before_db=18.2,
    snr_after_db=39.0,
    speech_change_db=-0.3,
)


def test_treatments_say_what_was_done_and_what_came_of_it():
    shown = treatments(
        TreatmentReport(
            offset=OffsetReport(offset=(0.02,)),
            stereo=StereoReport(voices="left", in_the_middle=True),
            noise=NOISE,
            deesser=DeesserReport(strength_db=6, softened_s=3.2),
            cuts=(Cut(start_s=1, end_s=3),),
        )
    )

    assert "| direct current | removed, 0.0200 |" in shown
    assert "| stereo | put into the middle; voices stood in the left ear |" in shown
    assert "60 s cleaned by DeepFilterNet 3, by up to 24 dB; speech above it 18.2 dB before, 39.0 dB after" in shown
    assert "speech itself -0.3 dB; 12 s left alone (music)" in shown
    assert "softened by up to 6 dB, for 3.2 s" in shown
    assert "1 shortened, by 2.0 s in all" in shown


def test_treatments_say_why_a_recording_was_left_alone_and_nothing_of_what_was_not_asked_for():
    left = NOISE.model_copy(update={"cleaned_s": 0, "left_alone": (LeftAlone(reason="clean", duration_s=72),)})

    assert "| noise | 72 s left alone (clean) |" in treatments(TreatmentReport(noise=left))
    assert treatments(TreatmentReport(offset=OffsetReport(offset=(0.0,)))) == ""
    assert treatments(TreatmentReport(stereo=StereoReport(voices="between", in_the_middle=False))) == ""
    assert treatments(None) == ""
