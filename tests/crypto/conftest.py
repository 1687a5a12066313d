"""Real keys in a temporary directory: nothing in these tests is a stand-in."""

from pathlib import Path

import pytest

from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import StoredRecord
from tests.crypto.samples import context, sealed


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyService:
    return FileKeyService(tmp_path / "keys")


@pytest.fixture
def record(keys: FileKeyService) -> StoredRecord:
    return sealed(keys, context())
