"""The API's description for programs, and the same as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import jsonify, render_template

from referral_hub.services.hub import Hub
from referral_hub.services.token_endpoint import TOKEN_PATH
from referral_hub.web.openapi import describe


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: what it may be, in words."""

    name: str
    kind: str
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that goes in or comes out."""

    name: str
    words: str
    members: tuple[Member, ...]


def openapi(hub: Hub) -> Any:
    """The description as OpenAPI 3.1."""
    return jsonify(_described(hub.settings.public_url))


def reference(hub: Hub) -> str:
    """The description as a page."""
    spec = _described(hub.settings.public_url)
    return render_template(
        "api/reference.html",
        spec=spec,
        shapes=[_shape(name, shape) for name, shape in spec["components"]["schemas"].items()],
        token_url=hub.settings.public_url + TOKEN_PATH,
    )


@lru_cache(maxsize=4)
def _described(public_url: str) -> dict[str, Any]:
    return describe(public_url)


def _shape(name: str, shape: Mapping[str, Any]) -> Shape:
    required = set(shape.get("required", ()))
    members = (
        Member(member, kind(said), member in required)
        for member, said in shape.get("properties", {}).items()
    )
    return Shape(name, shape.get("description", ""), tuple(members))


def kind(said: Mapping[str, Any]) -> str:
    """What a member may be, in words; `#Name` is another object of the page."""
    if "$ref" in said:
        return "#" + str(said["$ref"]).rpartition("/")[2]
    if "allOf" in said:
        return kind(said["allOf"][0])
    if "anyOf" in said:
        return " or ".join(kind(one) for one in said["anyOf"])
    if "enum" in said:
        return ", ".join(map(str, said["enum"]))
    if said.get("type") == "array":
        return f"list of: {kind(said['items'])}"
    limits = [f"at most {said['maxLength']} characters"] if "maxLength" in said else []
    return ", ".join([str(said.get("format") or said.get("type") or "any"), *limits])
