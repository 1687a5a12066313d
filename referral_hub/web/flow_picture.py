"""Flows between kinds of agencies as a picture: bands whose thickness is the number, drawn here.

Plain SVG with colours as attributes: the content security policy allows no style in a page, and no
script is needed. Every number of the picture stands in a table below it. Drawn for a narrow screen
first: names are written over the bands, at the two edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH = 400
_BANDS = 240
_BAR, _GAP, _LEAST = 6, 18, 3
_TINTS = (
    "#bbd4ea",
    "#cce2d8",
    "#f6d7c2",
    "#e2d3ee",
    "#fdf0b5",
    "#d3d8db",
    "#f5cbd8",
    "#bfe3e0",
)


@dataclass(frozen=True, slots=True)
class Flow:
    """How many went from one kind of agency to another."""

    source: str
    destination: str
    count: int


@dataclass(frozen=True, slots=True)
class Node:
    """A kind of agency at one edge: its name, the top of its bar and the bar's height."""

    name: str
    y: float
    height: float

    @property
    def middle(self) -> float:
        """Where its name is written."""
        return self.y + self.height / 2 + 4


@dataclass(frozen=True, slots=True)
class Band:
    """A flow: the outline of its band (an SVG path) and its colour."""

    path: str
    colour: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws."""

    height: int
    left: Sequence[Node]
    right: Sequence[Node]
    bands: Sequence[Band]


def draw(flows: Iterable[Flow]) -> Picture | None:
    """Return the picture of `flows`, or None where there is none to draw."""
    drawn = [flow for flow in flows if flow.count > 0]
    if not drawn:
        return None
    scale = _BANDS / sum(flow.count for flow in drawn)
    thick = {(f.source, f.destination): max(_LEAST, f.count * scale) for f in drawn}
    left = _nodes([(f.source, thick[f.source, f.destination]) for f in drawn])
    right = _nodes([(f.destination, thick[f.source, f.destination]) for f in drawn])
    colours = {name: _TINTS[place % len(_TINTS)] for place, name in enumerate(left)}
    tops = {("from", n.name): n.y for n in left.values()}
    tops |= {("to", n.name): n.y for n in right.values()}
    order = list(right)
    bands = []
    for flow in sorted(
        drawn, key=lambda f: (list(left).index(f.source), order.index(f.destination))
    ):
        height = thick[flow.source, flow.destination]
        begin, end = tops["from", flow.source], tops["to", flow.destination]
        tops["from", flow.source] += height
        tops["to", flow.destination] += height
        bands.append(Band(_band(begin, end, height), colours[flow.source]))
    bottom = max(node.y + node.height for node in (*left.values(), *right.values()))
    return Picture(round(bottom + 12), list(left.values()), list(right.values()), bands)


def _nodes(parts: Sequence[tuple[str, float]]) -> Mapping[str, Node]:
    """Bars from the top, the thickest first, with room for a name each."""
    heights: dict[str, float] = {}
    for name, height in parts:
        heights[name] = heights.get(name, 0) + height
    nodes, y = {}, 10.0
    for name, height in sorted(heights.items(), key=lambda one: (-one[1], one[0])):
        nodes[name] = Node(name, round(y, 1), round(height, 1))
        y += max(height, _GAP) + 6
    return nodes


def _band(begin: float, end: float, height: float) -> str:
    left, right, middle = _BAR, WIDTH - _BAR, WIDTH / 2
    return (
        f"M{left} {begin:.1f}C{middle:.0f} {begin:.1f} {middle:.0f} {end:.1f} {right} {end:.1f}"
        f"V{end + height:.1f}C{middle:.0f} {end + height:.1f} {middle:.0f} {begin + height:.1f}"
        f" {left} {begin + height:.1f}Z"
    )
