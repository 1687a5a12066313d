"""Linked data as triples, by a reader that is not ours and that may not use the network."""

from __future__ import annotations

import json
import socket
import warnings
from typing import Any

import pytest
from rdflib import Graph


def graph_of(document: Any) -> Graph:
    """The triples of a JSON-LD document; a context that would have to be fetched fails."""

    def no_network(*_any: object, **_more: object) -> None:
        raise AssertionError("a context was fetched")

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the reader uses its own old classes
        patch.setattr(socket, "create_connection", no_network)
        patch.setattr(socket, "getaddrinfo", no_network)
        return Graph().parse(data=json.dumps(document), format="json-ld")
