"""One answer of a Realtime model: where it stands in the conversation, and how its events tell of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from voice_services_book import Fault, Json, Request

PCM = {"type": "audio/pcm", "rate": 24_000}


def identity(kind: str) -> str:
    """A new id, as OpenAI writes them."""
    return f"{kind}_{uuid.uuid4().hex[:21]}"


@dataclass
class Said:
    """One answer: what it says, in which voice, and where it stands in the conversation."""

    request: Request
    text: str
    params: Json
    fault: Fault | None
    told: str = ""
    """As much of the transcript as was sent."""
    response_id: str = field(default_factory=lambda: identity("resp"))
    item_id: str = field(default_factory=lambda: identity("item"))

    @property
    def kind(self) -> str:
        return self.fault.kind if self.fault is not None else ""

    @property
    def place(self) -> Json:
        return {"response_id": self.response_id, "item_id": self.item_id, "output_index": 0, "content_index": 0}

    def item(self, status: str) -> Json:
        """RealtimeConversationItemMessageAssistant, with what was told until now."""
        item = {"id": self.item_id, "object": "realtime.item", "type": "message", "status": status, "role": "assistant"}
        return item | {"content": [{"type": "output_audio", "transcript": self.told}] if self.told else []}

    def response(self, status: str, details: Json | None = None, tokens: int = 0) -> Json:
        """RealtimeResponse. tokens: of sound."""
        going = status == "in_progress"
        return {
            "object": "realtime.response",
            "id": self.response_id,
            "status": status,
            "status_details": details,
            "output": [self.item("completed" if status == "completed" else "incomplete")] if self.told else [],
            "conversation_id": None if self.params.get("conversation") == "none" else "conv_1",
            "output_modalities": ["audio"],
            "max_output_tokens": self.params.get("max_output_tokens", "inf"),
            "audio": {"output": {"format": PCM, "voice": self.request.voice}},
            "usage": None if going else _usage(len(self.request.text) // 4, len(self.told) // 4, tokens),
            "metadata": self.params.get("metadata"),
        }


def _usage(heard: int, text: int, audio: int) -> Json:
    details = {"text_tokens": heard, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0}
    return {
        "total_tokens": heard + text + audio,
        "input_tokens": heard,
        "output_tokens": text + audio,
        "input_token_details": details,
        "output_token_details": {"text_tokens": text, "audio_tokens": audio},
    }
