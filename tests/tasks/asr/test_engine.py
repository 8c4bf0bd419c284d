from pathlib import Path

from tasks.asr.engine import model_revision


def test_model_revision_changes_when_a_file_of_the_model_does(tmp_path: Path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    first = model_revision(str(tmp_path))
    assert model_revision(str(tmp_path)) == first

    (tmp_path / "model.bin").write_bytes(b"other weights")

    assert model_revision(str(tmp_path)) != first


def test_model_revision_is_empty_for_the_embedded_model_and_for_a_name_on_the_hub():
    assert model_revision("") == ""
    assert model_revision("language-and-voice-lab/whisper-large-icelandic-ct2") == ""
