"""The forms that the Prefect UI makes of voices, consents, clones and templates: named, explained, in order."""

import pytest
from pydantic import BaseModel

from tasks.schemas import Bed, Consent, Ducking, EpisodeTemplate, Jingle, RoomTone, VoicePreset
from tasks.schemas.cloning import CloneRequest

FORMS = (CloneRequest, Consent, VoicePreset, EpisodeTemplate, Jingle, Bed, Ducking, RoomTone)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_field_of_a_form_has_a_title_a_help_text_and_a_place(form: type[BaseModel]):
    fields = form.model_json_schema()["properties"]

    assert sorted(field["position"] for field in fields.values()) == list(range(1, len(fields) + 1))
    for name, field in fields.items():
        assert field["title"], name
        assert field["description"].endswith("."), name
        assert "anyOf" not in field, f"{name}: the UI shows tabs for it"
        assert "const" not in field or field["enum"] == [field["const"]], f"{name}: the UI lets one write anything"


def test_fields_that_were_left_empty_in_a_form_are_none():
    preset = VoicePreset.model_validate({"name": "asa", "stability": None, "similarity": None, "seed": None})

    assert preset == VoicePreset(name="asa")
    with pytest.raises(ValueError, match="stability"):
        VoicePreset(name="asa", stability=1.5)
