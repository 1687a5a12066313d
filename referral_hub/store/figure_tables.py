"""Tables of what a commissioner is told; none of them names a person, a referral or a member of
staff.

`figure_note` is what an acceptance says of its needs, and whoever helps of how somebody is doing,
which are sealed everywhere else: it has no id of the referral and no instant, and is folded into
`figure_count` within a minute. The web may only add one. `figure` is what was published: counts
moved by chance (`domain.small_numbers`).
"""

from __future__ import annotations

from sqlalchemy import UUID, Column, Date, Integer, Table, Text, text

from referral_hub.store.columns import Texts, id_column, metadata, party_column

figure_note = Table(
    "figure_note",
    metadata,
    id_column(),
    party_column("agency_id"),
    party_column("owner_agency_id"),
    Column("month", Date, nullable=False),
    Column("area", Text, nullable=False),
    Column("needs", Texts, nullable=False),
    Column("gaps", Texts, nullable=False),
    Column("scores", Texts, nullable=False, server_default=text("'{}'")),
)


def _cells(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("agency_id", UUID, primary_key=True),
        Column("month", Date, primary_key=True),
        Column("figure", Text, primary_key=True),
        Column("first", Text, primary_key=True),
        Column("second", Text, primary_key=True),
        Column("count", Integer, nullable=False),
    )


figure_count = _cells("figure_count")
figure = _cells("figure")
