"""How an episode is to sound when it is finished, and in which files."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from tasks.schemas.frozen import Frozen

Chain = Literal["speech", "music", "broadcast"]
LoudnessTarget = Literal["apple", "spotify", "ebu-r128", "aes-td1008", "mono"]
AudioFormat = Literal["mp3", "m4a", "opus", "flac", "wav"]

# Integrated loudness in two channels, and in one. What streams from a phone comes out of both ears, so that one channel
# is as loud at 3 LU less (AES TD1008, section 4); broadcasters exchange files at one figure, however many channels.
TARGETS_LUFS: dict[LoudnessTarget, tuple[float, float]] = {
    "apple": (-16.0, -19.0),  # Source: Apple Podcasts for Creators, "Audio requirements": -16 LUFS +- 1, -1 dBTP
    "spotify": (-14.0, -17.0),  # Source: Spotify for Artists, "Loudness normalization": -14 LUFS, -1 dBTP
    "ebu-r128": (-23.0, -23.0),  # Source: EBU R 128 (2023): -23 LUFS +- 0.5 where 0.2 is not practical, -1 dBTP
    "aes-td1008": (-18.0, -21.0),  # Source: AES TD1008 (2021), Table 1: speech at -18 LUFS, -1 dBTP
    "mono": (-19.0, -19.0),  # one channel, as loud as Apple's -16 in two
}
LOWEST_AAC_STEREO_KBPS = 96  # below, FFmpeg's encoder overshoots by 2 dB and is heard to


def _in_order(formats: tuple[AudioFormat, ...]) -> tuple[AudioFormat, ...]:
    """Each once, the MP3 among them and first: equal wishes are equal requests."""
    return tuple(name for name in get_args(AudioFormat) if name == "mp3" or name in formats)


class Mastering(Frozen):
    """What is done to the sound, how loud it becomes, and in which files."""

    chain: Chain = Field(
        default="speech",
        title="Chain",
        description="speech: rumble out, loud syllables held. music: dynamics untouched. broadcast: dense, as on air.",
        json_schema_extra={"position": 1},
    )
    target: LoudnessTarget = Field(
        default="apple",
        title="Loudness for",
        description="LUFS, in brackets in one channel. apple: -16 (-19). spotify: -14 (-17). "
        "ebu-r128: -23. aes-td1008: -18 (-21). mono: -19.",
        json_schema_extra={"position": 2},
    )
    loudness_lufs: float = Field(
        default=0.0,
        ge=-40.0,
        le=0.0,
        title="Loudness of your own (LUFS)",
        description="Integrated loudness. 0: that of the target above.",
        json_schema_extra={"position": 3},
    )
    true_peak_dbtp: float = Field(
        default=-1.0,
        ge=-9.0,
        le=0.0,
        title="Highest true peak (dBTP)",
        description="Held on each encoded file.",
        json_schema_extra={"position": 4},
    )
    channels: Literal[1, 2] = Field(
        default=2,
        title="Channels",
        description="1: all in one, the mean of a stereo recording. 2: voices in the middle.",
        json_schema_extra={"position": 5},
    )
    bit_rate_kbps: Literal[64, 96, 128, 160, 192] = Field(
        default=128,
        title="Bit rate (kbit/s)",
        description="Of MP3, AAC and Opus; AAC in two channels gets 96 at least.",
        json_schema_extra={"position": 6},
    )
    formats: Annotated[tuple[AudioFormat, ...], AfterValidator(_in_order)] = Field(
        default=("mp3",),
        title="Formats",
        description="The MP3, which feeds need, is always made; the others lie beside it, and the feed names them.",
        json_schema_extra={"position": 7},
    )

    @model_validator(mode="after")
    def _mono_is_one_channel(self) -> Mastering:
        if self.target == "mono" and self.channels != 1:
            raise ValueError("the target mono is for one channel: set channels to 1, or aim at apple in two")
        return self

    @property
    def target_lufs(self) -> float:
        """The integrated loudness that is meant."""
        return self.loudness_lufs or TARGETS_LUFS[self.target][0 if self.channels == 2 else 1]

    @property
    def pressings(self) -> tuple[Pressing, ...]:
        """What makes each of the files, the MP3 first."""
        return tuple(self.pressing(name) for name in self.formats)

    def pressing(self, name: AudioFormat) -> Pressing:
        """What makes the file of this format."""
        return Pressing(
            format=name,
            chain=self.chain,
            loudness_lufs=self.target_lufs,
            true_peak_dbtp=self.true_peak_dbtp,
            channels=self.channels,
            bit_rate_kbps=self._bit_rate_of(name),
        )

    def _bit_rate_of(self, name: AudioFormat) -> int:
        if name in ("flac", "wav"):
            return 0
        is_stereo_aac = name == "m4a" and self.channels == 2
        return max(self.bit_rate_kbps, LOWEST_AAC_STEREO_KBPS) if is_stereo_aac else self.bit_rate_kbps


class Pressing(Frozen):
    """What makes one file: as much of a `Mastering` as its sound needs, so that wishes for the same are equal."""

    format: AudioFormat
    chain: Chain
    loudness_lufs: float
    true_peak_dbtp: float
    channels: Literal[1, 2]
    bit_rate_kbps: int = Field(ge=0, description="0: of a format that loses nothing.")
