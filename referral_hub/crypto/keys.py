"""The key service: who may turn a wrapped key back into a key, and under which root version.

`KeyService` is the shape of a transit engine or a cloud key service (wrap, unwrap, rewrap,
rotate, describe) with the context mandatory. `FileKeyService` is the development provider: its
roots are files, so whoever can read the disk can read everything, and it refuses production mode
for that reason.

A wrapping key is derived per context rather than shared, and the context is bound again as
associated data: a wrapped key moved to another row, agency or purpose does not open. Keys wrapped
for an agency go through a root derived for that agency alone. The blind-index root has its own
version and is untouched by rotation, since rotating it would mean recomputing every index from
plaintext.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from referral_hub.crypto import aead, keyfiles
from referral_hub.crypto.binding import bind, bind_mapping
from referral_hub.crypto.kdf import KEY_BYTES, Prk
from referral_hub.errors import CryptoError, KeyUnavailable

_HEADER = struct.Struct(">BBI")
_FORMAT = 1
_FOR_HUB = 1
_FOR_AGENCY = 2
_INDEX_VERSION = 1
_ROOT_FILE = re.compile(r"root-([1-9][0-9]{0,8})\.key")
_MOST_CACHED = 4096
_Name = TypeVar("_Name", bound=tuple[object, ...])
Asked = tuple[Mapping[str, str], bytes]


@dataclass(frozen=True, slots=True)
class KeyServiceDescription:
    """What an officer may know of the keys: provider, versions, fitness. Never key material."""

    provider: str
    newest_version: int
    versions: tuple[int, ...]
    index_version: int
    fit_for_production: bool


class KeyService(Protocol):
    """Wraps 32-byte keys. Every method may raise KeyUnavailable; opening may raise CryptoError."""

    def wrap(self, context: Mapping[str, str], key: bytes) -> bytes:
        """Wrap a key under the newest root version, bound to `context` (not empty)."""

    def unwrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        """The key. Raises CryptoError for altered bytes or any other context."""

    def unwrap_many(self, asked: Sequence[Asked]) -> list[bytes]:
        """`unwrap` of each (context, wrapped key) in order: one round trip to a remote service."""

    def rewrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        """The same key under the newest root version; the very same object if it is already."""

    def wrap_for_agency(self, agency_id: str, context: Mapping[str, str], key: bytes) -> bytes:
        """Like `wrap`, under a root derived for one agency."""

    def unwrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        """Like `unwrap`; another agency's id does not open it."""

    def unwrap_many_for_agency(self, agency_id: str, asked: Sequence[Asked]) -> list[bytes]:
        """Like `unwrap_many`, for keys wrapped for one agency."""

    def rewrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        """Like `rewrap`, for a key wrapped for an agency."""

    def rotate(self) -> int:
        """Make a new root version and return it. Nothing is rewrapped by this."""

    def version_of(self, wrapped: bytes) -> int:
        """The root version that a wrapped key, or an envelope (`envelope.py`), needs."""

    def blind_index(self, field: str, agency_id: str, value: bytes) -> bytes:
        """32 bytes equal for equal (field, agency, value). Normalises nothing."""

    def describe(self) -> KeyServiceDescription:
        """Provider, versions and fitness."""


class FileKeyService:
    """Root keys as files 0600 in a directory 0700 of their own, created on first run.

    Raises KeyUnavailable in production mode, for wider permissions, and for a directory that has
    files but no root key (a lost key must not be replaced silently by a new one).
    """

    def __init__(self, directory: Path, *, production: bool = False) -> None:
        if production:
            raise KeyUnavailable(
                "the file-backed key service is for development only: "
                "configure a managed key service for production"
            )
        self._directory = directory
        self._roots: dict[int, Prk] = {}
        self._agency_roots: dict[tuple[int, str], Prk] = {}
        self._index_keys: dict[tuple[str, str], Prk] = {}
        if not directory.is_dir() or not any(directory.iterdir()):
            first = {_root_name(1): os.urandom(KEY_BYTES), _index_name(): os.urandom(KEY_BYTES)}
            keyfiles.create_private_directory(directory, first)
        keyfiles.check_directory(directory)
        self._index_root = Prk(keyfiles.read_private(directory / _index_name(), KEY_BYTES))
        self._newest = max(self._versions_on_disk(), default=0)
        if self._newest == 0:
            raise KeyUnavailable(f"{directory} holds no root key: restore the key directory")
        self._root(self._newest)

    def __repr__(self) -> str:
        return "<FileKeyService>"

    def wrap(self, context: Mapping[str, str], key: bytes) -> bytes:
        version = self._newest_version()
        return _wrap(
            self._root(version), _HEADER.pack(_FORMAT, _FOR_HUB, version), context, key=key
        )

    def unwrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        version = _version(wrapped, _FOR_HUB)
        return _unwrap(self._root(version), context, wrapped)

    def unwrap_many(self, asked: Sequence[Asked]) -> list[bytes]:
        return [self.unwrap(context, wrapped) for context, wrapped in asked]

    def rewrap(self, context: Mapping[str, str], wrapped: bytes) -> bytes:
        if _version(wrapped, _FOR_HUB) == self._newest_version():
            return wrapped
        return self.wrap(context, self.unwrap(context, wrapped))

    def wrap_for_agency(self, agency_id: str, context: Mapping[str, str], key: bytes) -> bytes:
        version = self._newest_version()
        root = self._agency_root(version, agency_id)
        return _wrap(root, _HEADER.pack(_FORMAT, _FOR_AGENCY, version), context, key=key)

    def unwrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        version = _version(wrapped, _FOR_AGENCY)
        return _unwrap(self._agency_root(version, agency_id), context, wrapped)

    def unwrap_many_for_agency(self, agency_id: str, asked: Sequence[Asked]) -> list[bytes]:
        return [self.unwrap_for_agency(agency_id, *one) for one in asked]

    def rewrap_for_agency(
        self, agency_id: str, context: Mapping[str, str], wrapped: bytes
    ) -> bytes:
        if _version(wrapped, _FOR_AGENCY) == self._newest_version():
            return wrapped
        key = self.unwrap_for_agency(agency_id, context, wrapped)
        return self.wrap_for_agency(agency_id, context, key)

    def rotate(self) -> int:
        version = self._newest_version() + 1
        path = self._directory / _root_name(version)
        keyfiles.create_private(path, os.urandom(KEY_BYTES))
        return self._newest_version()

    def version_of(self, wrapped: bytes) -> int:
        return _read_header(wrapped)[1]

    def blind_index(self, field: str, agency_id: str, value: bytes) -> bytes:
        key = self._index_keys.get((field, agency_id))
        if key is None:
            info = bind("blind-index/v1", (field, agency_id, str(_INDEX_VERSION)))
            key = _remember(self._index_keys, (field, agency_id), self._index_root.key(info))
        return key.mac(value)

    def describe(self) -> KeyServiceDescription:
        return KeyServiceDescription(
            provider="file",
            newest_version=self._newest_version(),
            versions=tuple(sorted(self._versions_on_disk())),
            index_version=_INDEX_VERSION,
            fit_for_production=False,
        )

    def _newest_version(self) -> int:
        """Another process may have rotated: one `access` call a use saves a restart."""
        version = self._newest
        while os.access(f"{self._directory}/{_root_name(version + 1)}", os.F_OK):
            version += 1
        self._newest = version
        return version

    def _root(self, version: int) -> Prk:
        root = self._roots.get(version)
        if root is None:
            path = self._directory / _root_name(version)
            if not path.exists():
                raise KeyUnavailable(f"root key version {version} is not in the key directory")
            root = self._roots[version] = Prk(keyfiles.read_private(path, KEY_BYTES))
        return root

    def _agency_root(self, version: int, agency_id: str) -> Prk:
        found = self._agency_roots.get((version, agency_id))
        if found is not None:
            return found
        derived = self._root(version).key(bind("agency-root/v1", (agency_id,)))
        return _remember(self._agency_roots, (version, agency_id), derived)

    def _versions_on_disk(self) -> list[int]:
        try:
            matches = [_ROOT_FILE.fullmatch(path.name) for path in self._directory.iterdir()]
        except OSError as problem:
            reason = os.strerror(problem.errno or 0)
            raise KeyUnavailable(f"{self._directory} cannot be read: {reason}") from None
        return [int(match[1]) for match in matches if match]


def _root_name(version: int) -> str:
    return f"root-{version}.key"


def _index_name() -> str:
    return f"index-{_INDEX_VERSION}.key"


def _remember(cache: dict[_Name, Prk], name: _Name, key: bytes) -> Prk:
    if len(cache) >= _MOST_CACHED:
        cache.clear()
    cache[name] = Prk(key)
    return cache[name]


def _wrap(root: Prk, header: bytes, context: Mapping[str, str], *, key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise CryptoError(f"only keys of {KEY_BYTES} bytes are wrapped: seal data instead")
    bound = header + bind_mapping("wrap/v1", context)
    return header + aead.encrypt(root.key(bound), key, bound)


def _unwrap(root: Prk, context: Mapping[str, str], wrapped: bytes) -> bytes:
    bound = wrapped[: _HEADER.size] + bind_mapping("wrap/v1", context)
    return aead.decrypt(root.key(bound), wrapped[_HEADER.size :], bound)


def _version(wrapped: bytes, wanted_kind: int) -> int:
    kind, version = _read_header(wrapped)
    if kind != wanted_kind:
        raise CryptoError("wrapped key is of another kind: hub and agency keys do not mix")
    return version


def _read_header(wrapped: bytes) -> tuple[int, int]:
    if len(wrapped) < _HEADER.size:
        raise CryptoError("wrapped key is truncated")
    fmt, kind, version = _HEADER.unpack_from(wrapped)
    if fmt != _FORMAT:
        raise CryptoError("wrapped key has an unknown format: a newer release wrote it")
    return kind, version
