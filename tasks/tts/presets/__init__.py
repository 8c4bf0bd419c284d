"""The embedded voices, ready to be cast: what a fresh installation can say, and with how many people."""

from tasks.schemas import VoicePreset

EMBEDDED_VOICES = (
    VoicePreset(name="espeak-asa", title="Ása: a woman, bright and clear (eSpeak NG, robotic)", voice="f5"),
    VoicePreset(name="espeak-birkir", title="Birkir: a man, calm and low (eSpeak NG, robotic)", voice="m3", pitch=-1.0),
    VoicePreset(name="espeak-erla", title="Erla: an older woman, a little darker (eSpeak NG, robotic)", voice="f4"),
    VoicePreset(name="espeak-flosi", title="Flosi: a man, tight, higher (eSpeak NG, robotic)", voice="m7", pitch=3.0),
    VoicePreset(name="espeak-plain", title="eSpeak's plain voice, the clearest for machines (robotic)"),
)
"""In the order in which the unnamed speakers of a recording get them: neighbours differ most."""
