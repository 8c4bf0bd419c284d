"""Whisper: English right, silence and noise empty, times where the words are, and models found or refused clearly."""

from __future__ import annotations

import shutil
import weakref
from itertools import pairwise

import jiwer
import numpy as np
import pytest
from signals import recording

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, load_engine
from tasks.asr.faster_whisper import FasterWhisper
from tasks.errors import (
    EngineUnavailable,
    LanguageNotAllowed,
    MemoryShort,
    ModelDamaged,
    ModelNotFound,
    ModelTooLarge,
    UnknownEngine,
)
from tasks.models.cache import ModelCache
from tasks.schemas import AsrConfig
from tasks.schemas.memory import Memory, MemoryBudget

LIBRISPEECH = [f"en/librispeech/1688-142285-000{number}.flac" for number in (0, 1, 2)]


def text_of(segments) -> str:
    return " ".join(segment.text for segment in segments)


def seconds(duration_s: float) -> np.ndarray:
    return np.zeros(round(duration_s * ASR_SAMPLE_RATE_HZ), np.float32)


def test_english_words_come_out_right(whisper, hear, reference, plain_words):
    said = [reference(name) for name in LIBRISPEECH]
    heard = [plain_words(text_of(whisper.transcribe(hear(name), "en"))) for name in LIBRISPEECH]
    assert jiwer.wer(said, heard) < 0.12


def test_speech_that_repeats_itself_is_kept(whisper, hear, reference, plain_words):
    heard = plain_words(text_of(whisper.transcribe(hear("en/misc/jfk.flac"), "en")))
    assert heard == reference("en/misc/jfk.flac")


def test_a_conversation_is_heard_whole(whisper, hear, plain_words):
    heard = plain_words(text_of(whisper.transcribe(hear("multi/mix/en_2spk.wav"), "en")))
    for words in (
        "in the workhouse",
        "to save the patient's life",
        "position and temperature of the body",
        "ten minutes",
    ):
        assert words in heard


@pytest.mark.parametrize("language", ["en", "is"])
def test_silence_and_noise_say_nothing(whisper, hear, language):
    rng = np.random.default_rng(7)
    sounds = [seconds(20), rng.normal(0, 0.1, 20 * ASR_SAMPLE_RATE_HZ).astype(np.float32), seconds(0), seconds(0.001)]
    sounds += [hear(f"noise/noise{number}.wav") for number in range(1, 6)]
    assert [whisper.transcribe(sound, language) for sound in sounds] == [()] * len(sounds)


def test_words_are_timed_where_they_are_said(whisper, hear):
    clips = []
    for name in LIBRISPEECH:
        samples = hear(name)
        loud = np.flatnonzero(np.abs(samples) > 0.05 * np.abs(samples).max())
        clips.append(samples[loud[0] : loud[-1]])
    gap_s = 1.5
    starts_s = np.cumsum([gap_s, *(len(clip) / ASR_SAMPLE_RATE_HZ + gap_s for clip in clips)])[:-1]
    together = np.concatenate([seconds(gap_s), *(part for clip in clips for part in (clip, seconds(gap_s)))])
    words = [word for segment in whisper.transcribe(together, "en") for word in segment.words]
    assert all(one.start_s <= other.start_s for one, other in pairwise(words))
    assert all(word.start_s <= word.end_s for word in words)
    for start_s, clip in zip(starts_s, clips, strict=True):
        end_s = start_s + len(clip) / ASR_SAMPLE_RATE_HZ
        inside = [word for word in words if start_s - 0.5 < (word.start_s + word.end_s) / 2 < end_s + 0.5]
        assert inside[0].start_s == pytest.approx(start_s, abs=0.5)
        assert end_s - 0.8 < inside[-1].end_s < end_s + 0.5  # Whisper ends a last word early


def test_the_language_is_heard_among_those_that_are_allowed(whisper, hear):
    english = hear("multi/mix/en_2spk.wav")
    icelandic = hear("multi/mix/is_2spk_mf.wav")
    assert whisper.detect_language(english, ("is", "en")) == "en"
    assert whisper.detect_language(icelandic, ("en", "da", "is")) == "is"
    assert whisper.detect_language(icelandic, ("en",)) == "en"


@pytest.mark.slow
def test_a_single_sentence_is_nearly_always_enough_to_hear_the_language(whisper, hear):
    folder = recording("is/samromur/dev")
    icelandic = sorted(path.name for path in folder.iterdir() if path.suffix == ".flac")[:20]
    english = [f"en/librispeech/{speaker}-000{n}.flac" for speaker in ("1998-15444", "2033-164914") for n in range(10)]
    heard = [whisper.detect_language(hear(f"is/samromur/dev/{name}"), ("is", "en")) for name in icelandic]
    assert heard.count("is") >= 0.9 * len(heard)
    heard = [whisper.detect_language(hear(name), ("is", "en")) for name in english]
    assert heard.count("en") >= 0.95 * len(heard)


def test_the_first_language_is_taken_where_nobody_speaks(whisper):
    assert whisper.detect_language(seconds(5), ("is", "en")) == "is"
    assert whisper.detect_language(seconds(0), ("en", "is")) == "en"


def test_languages_that_the_model_does_not_know_are_refused(whisper):
    with pytest.raises(LanguageNotAllowed, match="xx"):
        whisper.transcribe(seconds(1), "xx")
    with pytest.raises(LanguageNotAllowed, match="xx, zz"):
        whisper.detect_language(seconds(1), ("xx", "zz"))


def test_the_engine_table_loads_a_folder_once(tiny_model, models_folder):
    config = AsrConfig(model=str(tiny_model))
    engine = load_engine(config, models_folder)
    assert engine is load_engine(config, models_folder)
    assert isinstance(engine, FasterWhisper)
    with pytest.raises(UnknownEngine, match="faster-whisper"):
        load_engine(AsrConfig(engine="whisper"), models_folder)


def test_the_engine_table_holds_models_to_the_budget(tiny_model, tmp_path, models_folder, monkeypatch):
    size_bytes = (tiny_model / "model.bin").stat().st_size
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    memory = Memory(total_bytes=5 * size_bytes, free_bytes=5 * size_bytes)  # 35 % of it: room for one
    models = ModelCache(MemoryBudget(), lambda device: memory)
    monkeypatch.setattr("tasks.asr.engine.MODELS", models)
    first = weakref.ref(load_engine(AsrConfig(model=str(tiny_model)), models_folder))
    assert load_engine(AsrConfig(model=str(other)), models_folder)
    assert first() is None
    assert models.taken_bytes("cpu", "asr") == size_bytes
    with pytest.raises(ModelTooLarge, match=r"tiny-random-ct2 in float32 needs about .* memory\.asr_percent"):
        load_engine(AsrConfig(model=str(tiny_model), compute_type="float32"), models_folder)


def test_a_transcription_ends_before_memory_does(whisper, hear, monkeypatch):
    models = ModelCache(MemoryBudget(), lambda device: Memory(total_bytes=100, free_bytes=3))
    monkeypatch.setattr("tasks.asr.faster_whisper.MODELS", models)
    with pytest.raises(MemoryShort, match="97 % of this machine's"):
        whisper.transcribe(hear("en/misc/jfk.flac"), "en")


def test_versions_tell_models_apart(tiny_model, whisper, models_folder):
    assert FasterWhisper(AsrConfig(model=str(tiny_model)), models_folder=models_folder).version != whisper.version


def test_a_folder_without_a_tokenizer_takes_the_embedded_one(tiny_model, hear, tmp_path, models_folder, no_network):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder, ignore=shutil.ignore_patterns("tokenizer.json"))
    _with_embedded_vocabulary(folder, models_folder)
    engine = FasterWhisper(AsrConfig(model=str(folder)), models_folder=models_folder)
    assert isinstance(engine.transcribe(hear("en/misc/jfk.flac"), "en"), tuple)
    assert not (folder / "tokenizer.json").exists()


def test_a_folder_with_another_vocabulary_needs_its_own_tokenizer(tiny_model, tmp_path, models_folder, no_network):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder, ignore=shutil.ignore_patterns("tokenizer.json", "vocabulary.*"))
    (folder / "vocabulary.json").write_text('["a", "b"]')
    with pytest.raises(ModelNotFound, match=r"tokenizer\.json"):
        FasterWhisper(AsrConfig(model=str(folder)), models_folder=models_folder)


def test_a_model_that_is_not_there_is_named(tmp_path, models_folder, no_network):
    for model in (str(tmp_path / "nothing"), "./nothing", "~/nothing/here", str(tmp_path)):
        with pytest.raises(ModelNotFound, match="model"):
            FasterWhisper(AsrConfig(model=model), models_folder=models_folder)


@pytest.mark.parametrize("model", ["someone/a-model-ct2", "large-v9"])
def test_a_name_on_the_hub_is_refused_clearly_without_a_network(model, models_folder, no_network):
    with pytest.raises(ModelNotFound, match=model):
        FasterWhisper(AsrConfig(model=model), models_folder=models_folder)


def test_damaged_files_are_told_from_missing_ones(tiny_model, tmp_path, models_folder):
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    weights = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelDamaged, match=str(folder)):
        FasterWhisper(AsrConfig(model=str(folder)), models_folder=models_folder)
    (folder / "model.bin").write_bytes(weights)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelDamaged, match=r"tokenizer\.json"):
        FasterWhisper(AsrConfig(model=str(folder)), models_folder=models_folder)


@pytest.mark.parametrize("settings", [{"device": "cuda"}, {"device": "warp"}, {"compute_type": "int3"}])
def test_a_device_that_is_not_there_is_an_unavailable_engine(tiny_model, models_folder, settings):
    with pytest.raises(EngineUnavailable):
        FasterWhisper(AsrConfig(model=str(tiny_model), **settings), models_folder=models_folder)


def _with_embedded_vocabulary(folder, models_folder):
    from tasks.asr.embedded import embedded_model

    if len((folder / "vocabulary.json").read_text().split('",')) != 51_865:
        (folder / "vocabulary.json").unlink()
        shutil.copy(embedded_model(models_folder) / "vocabulary.txt", folder)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """No connection leaves this process; one that is tried fails at once, as it does without a network."""
    import socket

    def refuse(*_args, **_options):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
