"""What is configured: settings, credentials, voices, and the places where things lie.

Importing this package registers our block types with Prefect (entry point group `prefect.collections`).
"""

from blocks.credentials import (
    AzureSpeechCredentials,
    ElevenLabsCredentials,
    OpenAICredentials,
    PollyCredentials,
    S3Credentials,
    VoiceServer,
)
from blocks.places import StorageTarget
from blocks.results import ResultStorage
from blocks.runpod import RunPodCredentials
from blocks.templates import SavedTemplate
from blocks.voices import SavedConsent, SavedVoice

BLOCK_TYPES = (
    AzureSpeechCredentials,
    ElevenLabsCredentials,
    OpenAICredentials,
    PollyCredentials,
    ResultStorage,
    RunPodCredentials,
    S3Credentials,
    SavedConsent,
    SavedTemplate,
    SavedVoice,
    StorageTarget,
    VoiceServer,
)

__all__ = [
    "BLOCK_TYPES",
    "AzureSpeechCredentials",
    "ElevenLabsCredentials",
    "OpenAICredentials",
    "PollyCredentials",
    "ResultStorage",
    "RunPodCredentials",
    "S3Credentials",
    "SavedConsent",
    "SavedTemplate",
    "SavedVoice",
    "StorageTarget",
    "VoiceServer",
]
