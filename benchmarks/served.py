"""The two views that are compared, in one Flask application on the hub's own server settings.

`/bare` validates with marshmallow and commits one row through SQLAlchemy Core: what a developer
would write first. `/accept` validates the same body and accepts it: authenticated, decided, sealed,
logged, for two recipients.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flask import Flask, Response, request
from marshmallow import Schema, fields, validate
from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid, insert

from benchmarks.town import Town, two_recipients
from referral_hub.commands.processes import WebServer
from referral_hub.domain.commands import SubmitReferral
from referral_hub.domain.ids import new_id
from referral_hub.outbox.doorbell import SilentDoorbell
from referral_hub.services.sign_in import resume
from referral_hub.services.submit_referral import submit_referral
from referral_hub.settings import load_settings
from referral_hub.wiring import build_hub

BARE = Table(
    "bare_referral",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("body", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


class Person(Schema):
    """Who it is about."""

    first_name = fields.String(required=True, validate=validate.Length(1, 100))
    family_name = fields.String(required=True, validate=validate.Length(1, 100))
    date_of_birth = fields.Date(required=True)
    area = fields.String(required=True, validate=validate.Length(1, 20))
    address = fields.String(required=True, validate=validate.Length(1, 300))
    postcode = fields.String(required=True, validate=validate.Length(1, 10))


class Referral(Schema):
    """The body of both views."""

    person = fields.Nested(Person, required=True)
    phone = fields.String(required=True, validate=validate.Length(1, 30))
    needs = fields.List(fields.String(), required=True, validate=validate.Length(1, 14))
    why = fields.String(required=True, validate=validate.Length(1, 1000))
    task_note = fields.String(required=True, validate=validate.Length(1, 1000))
    notes = fields.List(fields.String(validate=validate.Length(1, 400)), required=True)


BODY: dict[str, Any] = {
    "person": {
        "first_name": "Margaret",
        "family_name": "Ellison-Hughes",
        "date_of_birth": "1941-03-17",
        "area": "MF-HAR",
        "address": "14 Quayside Terrace, Mereford",
        "postcode": "MF1 2AB",
    },
    "phone": "07700 900123",
    "needs": ["lonely", "shopping_meals"],
    "why": "Lives alone since the autumn, breathless on the stairs, would like company.",
    "task_note": "the weekly shop, and somebody to talk to",
    "notes": ["A line of ordinary length such as people write in a form. " * 4] * 8,
}


def create_bench_app() -> Flask:
    """Return the application over the servers that the environment names."""
    hub = build_hub(load_settings(os.environ))
    hub = replace(hub, doorbell=SilentDoorbell())
    template: dict[str, SubmitReferral] = {}
    owner = hub.database.worker
    schema, app = Referral(), Flask(__name__)

    @app.post("/bare")
    def bare() -> Response:
        schema.load(json.loads(request.get_data()))
        row = {"id": new_id(hub.clock()), "body": request.get_data(as_text=True), "at": hub.clock()}
        with owner.begin() as connection:
            connection.execute(insert(BARE), row)
        return Response(status=202)

    @app.post("/accept")
    def accept() -> Response:
        principal = resume(hub, request.headers["Authorization"])
        if principal is None:
            return Response(status=401)
        sent = schema.load(json.loads(request.get_data()))
        if "usual" not in template:
            agencies = json.loads(os.environ["BENCH_AGENCIES"])
            ids = {name: UUID(value) for name, value in agencies.items()}
            town = Town(hub.settings, hub, principal.actor, "", ids)
            template["usual"] = two_recipients(town)
        done = submit_referral(hub, principal.actor, _command(template["usual"], sent))
        return Response(done.reference, status=202)

    return app


def _command(usual: SubmitReferral, sent: dict[str, Any]) -> SubmitReferral:
    person = sent["person"]
    born: date = person["date_of_birth"]
    return replace(
        usual,
        draft_id=new_id(datetime.now(UTC)),  # noqa: TID251 - a benchmark has a clock of its own
        person=replace(
            usual.person,
            first_name=person["first_name"],
            family_name=person["family_name"],
            date_of_birth=born,
        ),
        why=sent["why"],
        task_note=sent["task_note"],
    )


class BenchServer(WebServer):
    """The hub's web server with the benchmark's application in it."""

    def load(self) -> Flask:
        """Build the application in each worker process."""
        return create_bench_app()


if __name__ == "__main__":
    BenchServer(load_settings(os.environ)).run()
