"""What is taken for a secret that would lie in clear at RunPod."""

from __future__ import annotations

import pytest

from infra.runpod.environment import checked, masked
from tasks.errors import InvalidSettings

SECRETS = {
    "HLADVARP_S3__SECRET_ACCESS_KEY": "abc",
    "DB_PASS": "abc",
    "GOOGLE_CREDENTIALS": "{}",
    "SLACK_WEBHOOK_URL": "https://hooks.example/abc",
    "MODELS_FROM": "https://a-token@models.example/whisper",
    "DATABASE": "postgresql://prefect:abc@db.example/prefect",
    "NOTE": "rpa_" + "A1" * 12,
    "OTHER": "pnu_" + "a1" * 12,
}
HARMLESS = {
    "HLADVARP_S3__ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "HLADVARP_S3__ENDPOINT_URL": "https://s3.example:9000",
    "HLADVARP_STORE": "s3://disk-recordings-reykjavik/store",
    "HLADVARP_ASR__MODEL": "large-v3",
    "PREFECT_API_AUTH_STRING": "{{ RUNPOD_SECRET_prefect_auth }}",
    "PASSAGE": "sk-short",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secret_in_clear_is_refused_by_its_name_alone_and_masked(name: str):
    with pytest.raises(InvalidSettings, match=name) as refusal:
        checked({name: SECRETS[name], **HARMLESS})
    assert SECRETS[name] not in str(refusal.value) or SECRETS[name] == "{}"
    assert masked({name: SECRETS[name]})[name] != SECRETS[name]


def test_what_a_pod_needs_is_let_through():
    assert checked(HARMLESS) == masked(HARMLESS) == HARMLESS
