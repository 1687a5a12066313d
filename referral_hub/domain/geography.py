"""Places as coordinates: postcodes in one spelling, distances, and the National Grid.

Open postcode data comes either with WGS 84 coordinates (ONS Postcode Directory) or with National
Grid eastings and northings (Code-Point Open). The conversion is the Helmert transformation of the
Ordnance Survey's guide, right to about five metres in Great Britain, which is far finer than what a
directory needs. Northern Ireland has a grid of its own: take its coordinates from the ONS.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

MILE_METRES = 1609.344
EARTH_METRES = 6_371_008.8
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})", re.ASCII)
_OUTWARD = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Point:
    """WGS 84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Box:
    """The smallest box of degrees around a circle: a first look that an index can answer."""

    south: float
    north: float
    west: float
    east: float


def place_key(text: str) -> str:
    """Return how a place is looked up: a postcode without its space, or a name in lower case."""
    packed = re.sub(r"\s+", "", text).upper()
    if _POSTCODE.fullmatch(packed) or _OUTWARD.fullmatch(packed):
        return packed
    return " ".join(re.findall(r"[\w'-]+", text.lower()))


def is_postcode(key: str) -> bool:
    """Tell whether a key is a whole postcode, as letters and digits stand in one."""
    return _POSTCODE.fullmatch(key) is not None


def outward(postcode_key: str) -> str:
    """Return the outward part of a whole postcode: about a district, never a household."""
    found = _POSTCODE.fullmatch(postcode_key)
    return found[1] if found else postcode_key


def box_around(point: Point, metres: float) -> Box:
    """Return the box of degrees that holds every point within `metres`."""
    up = math.degrees(metres / EARTH_METRES)
    across = up / max(0.01, math.cos(math.radians(min(89.0, abs(point.latitude) + up))))
    return Box(
        point.latitude - up, point.latitude + up, point.longitude - across, point.longitude + across
    )


def metres_between(one: Point, other: Point) -> float:
    """Return the distance along the ground (haversine)."""
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    part = (
        math.sin((south - north) / 2) ** 2
        + math.cos(north) * math.cos(south) * math.sin(east / 2) ** 2
    )
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, part)))


def from_grid(easting: float, northing: float) -> Point:
    """Return a National Grid reference in metres as WGS 84. Raises ValueError outside the grid."""
    if not (0 < easting < 800_000 and 0 < northing < 1_400_000):
        raise ValueError("a National Grid reference is within 800 km by 1,400 km")
    a, b = 6_377_563.396, 6_356_256.909
    scale, origin_north, origin_east = 0.9996012717, -100_000.0, 400_000.0
    phi0, lam0 = math.radians(49), math.radians(-2)
    e2, n = 1 - (b * b) / (a * a), (a - b) / (a + b)
    phi, meridian = phi0, 0.0
    while True:
        phi += (northing - origin_north - meridian) / (a * scale)
        meridian = b * scale * _meridian(phi, phi0, n)
        if abs(northing - origin_north - meridian) < 1e-5:
            break
    sin2 = math.sin(phi) ** 2
    nu = a * scale / math.sqrt(1 - e2 * sin2)
    rho = a * scale * (1 - e2) / (1 - e2 * sin2) ** 1.5
    tan, sec, eta2, d = math.tan(phi), 1 / math.cos(phi), nu / rho - 1, easting - origin_east
    latitude = phi - d**2 * tan / (2 * rho * nu)
    latitude += d**4 * tan / (24 * rho * nu**3) * (5 + 3 * tan**2 + eta2 - 9 * tan**2 * eta2)
    latitude -= d**6 * tan / (720 * rho * nu**5) * (61 + 90 * tan**2 + 45 * tan**4)
    longitude = lam0 + d * sec / nu - d**3 * sec / (6 * nu**3) * (nu / rho + 2 * tan**2)
    longitude += d**5 * sec / (120 * nu**5) * (5 + 28 * tan**2 + 24 * tan**4)
    return _to_wgs84(latitude, longitude, a, e2)


def _meridian(phi: float, phi0: float, n: float) -> float:
    minus, plus = phi - phi0, phi + phi0
    return (
        (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * minus
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * math.sin(minus) * math.cos(plus)
        + (15 / 8 * n**2 + 15 / 8 * n**3) * math.sin(2 * minus) * math.cos(2 * plus)
        - 35 / 24 * n**3 * math.sin(3 * minus) * math.cos(3 * plus)
    )


def _to_wgs84(phi: float, lam: float, a: float, e2: float) -> Point:
    """OSGB36 to WGS 84, height nought."""
    nu = a / math.sqrt(1 - e2 * math.sin(phi) ** 2)
    x = nu * math.cos(phi) * math.cos(lam)
    y = nu * math.cos(phi) * math.sin(lam)
    z = (1 - e2) * nu * math.sin(phi)
    second = math.pi / 180 / 3600
    rx, ry, rz, s = 0.1502 * second, 0.2470 * second, 0.8421 * second, 1 - 20.4894e-6
    x2 = 446.448 + s * x - rz * y + ry * z
    y2 = -125.157 + rz * x + s * y - rx * z
    z2 = 542.060 - ry * x + rx * y + s * z
    wide, e2 = 6_378_137.0, 0.00669438
    p = math.hypot(x2, y2)
    latitude = math.atan2(z2, p * (1 - e2))
    for _ in range(6):
        nu = wide / math.sqrt(1 - e2 * math.sin(latitude) ** 2)
        latitude = math.atan2(z2 + e2 * nu * math.sin(latitude), p)
    return Point(round(math.degrees(latitude), 6), round(math.degrees(math.atan2(y2, x2)), 6))
