"""The only reader of the environment: defaults, then a file, then a folder of secrets, then variables.

`HLADVARP_SETTINGS_FILE` names the file (YAML or JSON; default `hladvarp.yaml` in the working folder) and
`HLADVARP_SECRETS_DIR` the folder of secrets (one file a value, named like the variable). Variables are nested with two
underscores: `HLADVARP_ASR__MODEL=/models/whisper-large-icelandic-ct2`.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from tasks.errors import InvalidSettings
from tasks.schemas import (
    AsrConfig,
    CastEntry,
    EngineAccess,
    EngineName,
    Pauses,
    Show,
    SourceLimits,
    VoicePreset,
)
from tasks.schemas.memory import MemoryBudget


class Section(BaseModel):
    """A part of the settings: frozen, and strict about names, so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class S3Settings(Section):
    """How to reach S3 where no credentials block is saved; what is empty is left to the cloud's own defaults."""

    block: str = Field(default="hladvarp", description="Name of the S3 Credentials block that is used if it exists.")
    endpoint_url: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: SecretStr = SecretStr("")


class AsrSettings(AsrConfig):
    """Speech to text. The embedded Whisper base is good at English and poor at Icelandic."""

    chunk_s: float = Field(
        default=300.0, ge=10.0, le=1800.0, description="Longest chunk given to one task, in seconds."
    )


class TtsSettings(Section):
    """Text to speech."""

    batch_characters: int = Field(default=2000, ge=100, description="Text per task: about two minutes of speech.")
    presets: Path = Field(default=Path("voices"), description="Folder of YAML files with voice presets.")
    lexicon: Path = Field(default=Path("lexicon"), description="Folder of YAML files with pronunciations.")
    access: dict[EngineName, EngineAccess] = Field(
        default={}, description="How engines are reached for which no credentials block is saved."
    )


StageName = Literal["transcribe", "synthesize"]


class InboxSettings(Section):
    """A folder that is swept for new sources."""

    folder: Path = Path("inbox")
    show: str = "hladvarp"
    recordings: Literal["enhance", "revoice"] = Field(default="enhance", description="What becomes of a recording.")
    settle_s: float = Field(default=5.0, ge=0, description="A file that grew in the last seconds is left for later.")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="HLADVARP_", env_nested_delimiter="__", extra="forbid", frozen=True, case_sensitive=False
    )

    profile: Literal["local", "runpod"] = "local"
    data: Path = Field(default=Path(".hladvarp"), description="Where the store and the embedded models are kept.")
    store: str = Field(default="", description="Folder or s3:// uri of the store; empty: `store` in `data`.")
    models: str = Field(
        default="", description="Folder of the embedded models, which pods may share; empty: `models` in `data`."
    )
    publish_to: str = Field(default="", description="Folder or s3:// uri of the episodes; empty: `published`.")
    public_url: str = Field(default="", description="Web address under which `publish_to` is served.")
    scratch: str = Field(default="", description="Folder for large intermediates; empty: the system's.")
    pools: dict[StageName, str] = Field(
        default={}, description="Work pools by the stage that runs on their machines; other stages run here."
    )
    store_is_shared: bool = Field(
        default=False, description="Whether a store in a folder lies under the same path on the pools' machines."
    )
    alone: bool = Field(
        default=False, description="Whether a run has its machine for itself, as on a pod: its limits are its own."
    )
    s3: S3Settings = S3Settings()
    ingest: SourceLimits = SourceLimits()
    asr: AsrSettings = AsrSettings()
    tts: TtsSettings = TtsSettings()
    pauses: Pauses = Pauses()
    templates: Path = Field(
        default=Path("templates"), description="Folder of YAML files with episode templates, and of their sounds."
    )
    inbox: InboxSettings = InboxSettings()
    memory: MemoryBudget = MemoryBudget()
    voices: tuple[VoicePreset, ...] = ()
    cast: tuple[CastEntry, ...] = Field(
        default=(
            CastEntry(speaker="Kynnir", preset="espeak-asa"),
            CastEntry(speaker="Gestur", preset="espeak-birkir"),
        ),
        description="Voices of speakers whom a request does not cast.",
    )
    shows: dict[str, Show] = Field(
        default={"hladvarp": Show(title="Hlaðvarp", description="Hlaðvarp, gert með hladvarp.")},
        description="Shows by the name that a request gives.",
    )

    @property
    def store_uri(self) -> str:
        """Folder or uri of the store."""
        return self.store or str((self.data / "store").absolute())

    @property
    def models_folder(self) -> Path:
        """Where the embedded models are put together."""
        if self.models:
            return Path(self.models)
        return Path("/workspace/models") if self.profile == "runpod" else self.data / "models"

    @property
    def target_uri(self) -> str:
        """Folder or uri of the episodes."""
        if self.publish_to:
            return self.publish_to
        return "/workspace/processed_podcasts" if self.profile == "runpod" else str(Path("published").absolute())

    @property
    def inbox_folder(self) -> Path:
        """The folder that is swept."""
        moved = "folder" in self.inbox.model_fields_set
        return Path("/workspace/input_podcasts") if self.profile == "runpod" and not moved else self.inbox.folder

    def pool_of(self, stage: str) -> str:
        """The work pool on which a stage is placed; empty where it runs here."""
        return next((pool for name, pool in self.pools.items() if name == stage), "")

    def show(self, name: str) -> Show:
        """The show of this name; one that the settings do not know is called by its name."""
        show = self.shows.get(name, Show())
        return show if show.title else show.model_copy(update={"title": name[:1].upper() + name[1:]})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Strongest first: arguments, variables, secrets, file."""
        file = Path(os.environ.get("HLADVARP_SETTINGS_FILE", "hladvarp.yaml"))
        if "HLADVARP_SETTINGS_FILE" in os.environ and not file.is_file():
            raise InvalidSettings(f"HLADVARP_SETTINGS_FILE names {file}, and there is no such file")
        from_file = JsonConfigSettingsSource if file.suffix == ".json" else YamlConfigSettingsSource
        secrets = Path(os.environ.get("HLADVARP_SECRETS_DIR", "/run/secrets/hladvarp"))
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if secrets.is_dir():
            # The plain source reads top levels only, and would pass over a key to S3 without a word.
            sources.append(
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_dir=secrets, secrets_prefix="HLADVARP_", secrets_nested_delimiter="__"
                )
            )
        return (*sources, from_file(settings_cls, file))


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """The settings of this process, read once.

    Raises: InvalidSettings, naming each value that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidSettings(f"the settings are not right: {wrong}") from None
    except (ValueError, OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidSettings(f"the settings file cannot be read; write names and values in YAML: {reason}") from error
