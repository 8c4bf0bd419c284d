"""How fast an episode is made, and what it costs that Prefect runs it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from measuring import Usage, children_of, table, tree_cpu_s
from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

from blocks.settings import load_settings
from blocks.storage import Store, open_source_filesystem, open_store, open_target
from flows.episode import produce_episode
from tasks.audio.formats import decoded_blocks
from tasks.audio.mastering import master
from tasks.audio.mix import assemble
from tasks.audio.pcm import PROGRAMME_RATE_HZ, info, write_flac
from tasks.audio.picture import cover_jpeg, peaks, waveform_png
from tasks.audio.programme import chapters_of, pieces_of, transcript_of
from tasks.audio.quality import analyze
from tasks.cast import known_voices
from tasks.feed.contents import Episode, contents_of
from tasks.feed.episode_folder import Content, Edition, publish_episode
from tasks.schemas import (
    AudioRef,
    Chapter,
    EpisodeRequest,
    Line,
    Master,
    MasterFile,
    Mastering,
    Narration,
    Pauses,
    QualityReport,
    Script,
    Show,
    SourceLimits,
    SpokenLine,
    Transcript,
    VoicePreset,
)
from tasks.source.fetch import fetch
from tasks.text.language import guess_language
from tasks.text.normalize import normalize, written_words
from tasks.text.script import decode_text, parse_script
from tasks.tts.casting import cast_voices
from tasks.tts.engine import load_engine

pytestmark = pytest.mark.benchmark

STAGES = ("ingest", "transcribe", "synthesize", "postprocess", "publish")
ROUNDS = 3
LINES = 60


def test_ten_minutes_take_less_cpu_than_they_last(new_studio, prefect_api, script, speech):
    runs = {}
    for production in ("narrate", "enhance", "revoice"):
        source = script(400) if production == "narrate" else speech(600.0)
        runs[production] = new_studio(production, prefect_api).produce(source, "--production", production)
    rows = []
    for name in (*STAGES, "whole command"):
        usages = [run if name == "whole command" else run.stages.get(name) for run in runs.values()]
        heard = [run.duration_s for run in runs.values()]
        for how in ("wall_s", "cpu_s"):
            shares = [getattr(u, how) / s if u else "" for u, s in zip(usages, heard, strict=True)]
            rows.append([f"{name}, {'time' if how == 'wall_s' else 'CPU'}", *shares])
    head = ("of an episode's length", *(f"{name} {run.duration_s / 60:.1f} min" for name, run in runs.items()))
    print(table("Real-time factors", head, rows))
    # On a busy machine seconds say little; CPU says what an idle one would take at the most.
    assert all(run.cpu_s < run.duration_s for run in runs.values())


def test_orchestration_costs_seconds_and_not_shares(new_studio, prefect_api, script, monkeypatch):
    source, server = script(LINES), next(pid for pid in children_of(os.getpid()) if _is_server(pid))
    plain, orchestrated, serving = [], [], []
    for number in range(ROUNDS + 1):  # the first warms both up
        with _measured(plain, without=server):
            _narrate_plainly(source, new_studio(f"plain {number}").folder)
        studio = new_studio(f"orchestrated {number}")
        for name, value in studio.environment.items():
            monkeypatch.setenv(name, value)
        load_settings.cache_clear()
        with (
            temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: studio.folder / "results"}),
            _measured(serving, of=server),
            _measured(orchestrated, without=server),
        ):
            asyncio.run(produce_episode(EpisodeRequest(source=str(source))))
    load_settings.cache_clear()
    best = [
        Usage(min(u.wall_s for u in usages[1:]), min(u.cpu_s for u in usages[1:]))
        for usages in (plain, orchestrated, serving)
    ]
    rows = [
        ["the functions alone", best[0].wall_s, best[0].cpu_s],
        ["as a Prefect flow", best[1].wall_s, best[1].cpu_s],
        ["the server meanwhile", "", best[2].cpu_s],
        ["orchestration", best[1].wall_s - best[0].wall_s, best[1].cpu_s + best[2].cpu_s - best[0].cpu_s],
    ]
    title = f"Narrating {LINES} lines, best of {ROUNDS}"
    print(table(title, ("", "seconds", "CPU seconds"), rows))
    assert best[1].cpu_s + best[2].cpu_s - best[0].cpu_s < 10


@contextmanager
def _measured(usages: list[Usage], *, of: int = 0, without: int = 0) -> Iterator[None]:
    pid, began_s = of or os.getpid(), time.perf_counter()
    cpu_s = tree_cpu_s(pid, without=without)
    yield
    usages.append(Usage(time.perf_counter() - began_s, tree_cpu_s(pid, without=without) - cpu_s))


def _is_server(pid: int) -> bool:
    return b"prefect.server" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _narrate_plainly(source: Path, folder: Path) -> None:
    """What `produce_episode` makes of a script, by the same functions, on as many threads, without Prefect."""
    store = open_store(folder / "store")
    fetched = fetch(str(source), folder, SourceLimits(), open_filesystem=open_source_filesystem)
    script = parse_script(decode_text(store.read_bytes(store.put_file(fetched.path, ".md").uri)), name=fetched.name)
    language = guess_language(" ".join(line.text for line in script.lines), ("is", "en"))
    voices = cast_voices(script, load_settings().cast, known_voices())
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        speak: Callable[[Line], SpokenLine] = lambda line: _spoken(line, voices[line.speaker], language, store)  # noqa: E731
        narration = Narration(language=language, lines=tuple(pool.map(speak, script.lines)), chapters=script.chapters)
        programme = folder / "programme.flac"
        places = assemble(pieces_of(narration, Pauses(), store.local), programme)
        length_s = info(programme).duration_s
        audio = store.put_file(programme, ".flac")
        transcript, chapters = transcript_of(narration, places, length_s), chapters_of(narration, places, length_s)
        with store.local(audio.uri) as path:
            pictured = pool.submit(lambda: (waveform_png(path, 1200, 160, chapters=chapters), peaks(path, 240)))
            mastered = master(path, folder / "master.mp3", Mastering().pressing("mp3"), scratch=folder)
    kept = {name: getattr(mastered, name) for name in MasterFile.model_fields if name != "file"}
    file = MasterFile(file=store.put_file(mastered.path, ".mp3"), **kept)
    finish = Master(files=(file,))
    _publish_plainly(script, (transcript, chapters), (finish, *pictured.result()), folder)


def _spoken(line: Line, voice: VoicePreset, language: str, store: Store) -> SpokenLine:
    spoken = normalize(line.text, language)
    speech = load_engine(voice.engine).synthesize(spoken.text, voice, language)
    path = Path(store.shelf.uri(f"{line.number}.flac"))
    path.parent.mkdir(exist_ok=True)
    written = write_flac(path, speech.samples, sample_rate_hz=speech.sample_rate_hz)
    stored = store.put_file(path, ".flac")
    timed = tuple((word.start, word.end, word.start_s, word.end_s) for word in speech.words)
    words = written_words(spoken, timed, duration_s=written.duration_s)
    audio = AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=written.duration_s,
        sample_rate_hz=PROGRAMME_RATE_HZ,
        channels=1,
    )
    return SpokenLine(speaker=line.speaker, text=line.text, audio=audio, words=words)


def _publish_plainly(
    script: Script,
    said: tuple[Transcript, tuple[Chapter, ...]],
    finish: tuple[Master, bytes, tuple[float, ...]],
    folder: Path,
) -> None:
    (transcript, chapters), (mastered, png, levels) = said, finish
    show = Show(title="Hlaðvarp", description="Hlaðvarp, gert með hladvarp.")
    cover = cover_jpeg(show.title, show.author)
    measured = analyze(
        decoded_blocks(folder / "master.mp3", "mp3"),
        sample_rate_hz=PROGRAMME_RATE_HZ,
        channels=mastered.mp3.channels,
        duration_s=mastered.duration_s,
    )
    episode = Episode(
        show=show,
        title=script.title,
        language=transcript.language,
        transcript=transcript,
        chapters=chapters,
        master=mastered,
        quality=QualityReport(episode=measured.sound),
        peaks=levels,
        published_at=datetime.now(UTC),
        is_synthetic=True,
    )
    item, files = contents_of(episode, {"mp3": folder / "master.mp3"}, cover=cover, folder=folder)
    files["waveform.png"] = Content(png, "image/png")
    edition = Edition(
        show=show,
        show_slug="hladvarp",
        episode_slug="samtal",
        item=item.model_copy(update={"guid": "samtal", "episode": "samtal"}),
        files=files,
        base_url="",
        cover=("cover.jpg", Content(cover, "image/jpeg")),
    )
    publish_episode(open_target(folder / "published"), edition)
