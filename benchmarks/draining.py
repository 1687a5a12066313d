"""Draining against RQ's own no-op rate, and pushes against a bare loop of signed POSTs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpcore
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from adapters.contract import DocumentKind, ReferralDocument, Sender
from benchmarks.town import Town, referral, two_recipients
from referral_hub.crypto.partner import MessageHead, seal_for_partner
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.ids import new_id
from referral_hub.services.deliver import drain
from referral_hub.services.demo import register_partner
from referral_hub.services.submit_referral import submit_referral

Figures = dict[str, Any]

SINK = """
import socketserver
class Sink(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            length = 0
            line = self.rfile.readline()
            if not line:
                return
            while line not in (b"\\r\\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                line = self.rfile.readline()
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n"
                             b"Content-Length: 2\\r\\n\\r\\n{}")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
server = Server(("127.0.0.1", 0), Sink)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def nothing(word: str) -> None:
    """RQ's no-op job."""
    del word


def rq_no_op(town: Town, jobs: int) -> float:
    """Return no-op jobs per second through one `SimpleWorker` that is already started."""
    redis = Redis.from_url(str(town.settings.redis_url))
    queue = Queue("bench", connection=redis, serializer=JSONSerializer)
    for _ in range(jobs):
        queue.enqueue(nothing, "outbox", result_ttl=0)
    worker = SimpleWorker([queue], connection=redis, serializer=JSONSerializer)
    began = time.perf_counter()
    worker.work(burst=True, logging_level="ERROR")
    return jobs / (time.perf_counter() - began)


def to_inboxes(town: Town, referrals: int) -> float:
    """Return deliveries per second into inboxes: decided again, logged, integrated, released."""
    usual = two_recipients(town)
    for _ in range(referrals):
        submit_referral(town.hub, town.actor, replace(usual, draft_id=fresh()))
    town.hub.integrator.run() if town.hub.integrator else None
    began = time.perf_counter()
    done = drain(town.hub)
    return done / (time.perf_counter() - began)


def to_a_partner(town: Town, referrals: int) -> tuple[float, float]:
    """Return pushes per second to a partner over HTTP, and of a bare loop of the same POSTs."""
    jwk = public_jwk()
    usual = referral(town, ("Mereford Time Bank",), frozenset({NeedCode.GARDEN_HOME_JOBS}))
    with sink() as port:
        url = f"http://127.0.0.1:{port}/referrals"
        register_partner(
            town.hub, "Mereford Time Bank", url=url, encryption_jwk=jwk, signing_jwks={"keys": []}
        )
        for _ in range(referrals):
            submit_referral(town.hub, town.actor, replace(usual, draft_id=fresh()))
        began = time.perf_counter()
        pushed = drain(town.hub)
        rate = pushed / (time.perf_counter() - began)
        return rate, _bare_posts(town, url, jwk, referrals)


def _bare_posts(town: Town, url: str, jwk: dict[str, Any], count: int) -> float:
    format_ = town.hub.registry.format("hub_json")
    document = ReferralDocument(
        kind=DocumentKind.OFFER,
        task_id=str(fresh()),
        reference="RH-2345-6789",
        sender=Sender(str(town.actor.agency_id), "Harbour Street Surgery"),
        recipient_id=str(town.agencies["Mereford Time Bank"]),
        issued_at=datetime.now(UTC),  # noqa: TID251 - a benchmark has a clock of its own
        log_entry=str(fresh()),
        fields={
            "identity.first_name": "Margaret",
            "contact.area": "MF-HAR",
            "need.needs": ["garden_home_jobs"],
            "need.task_note": "the weekly shop, and somebody to talk to",
            "access_needs.language": {"tag": "en", "interpreter": False},
            "access_needs.access": {"needs": [], "note": None},
        },
    )
    head = MessageHead(
        "http://127.0.0.1", document.recipient_id, "x", document.issued_at, format_.content_type
    )
    with httpcore.ConnectionPool() as pool:
        began = time.perf_counter()
        for _ in range(count):
            body = seal_for_partner(
                format_.write(document),
                recipient_jwk=jwk,
                hub_signer=town.hub.hub_signer,
                head=replace(head, message_id=str(fresh())),
            )
            pool.request("POST", url, content=body, headers={"Content-Type": "application/jose"})
        return count / (time.perf_counter() - began)


def public_jwk() -> dict[str, Any]:
    """A fresh public key to seal to."""
    from joserfc.jwk import OKPKey

    key = OKPKey.import_key(X25519PrivateKey.generate())
    public = key.as_dict(private=False)
    return {**public, "kid": key.thumbprint(), "use": "enc"}


@contextmanager
def sink() -> Iterator[int]:
    """A partner in a process of its own that reads each message and says 200."""
    with subprocess.Popen(  # noqa: S603 - this module's own few lines
        [sys.executable, "-c", SINK], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as sink:
        try:
            yield json.loads(sink.stdout.readline() if sink.stdout else "0")
        finally:
            sink.kill()


def fresh() -> Any:
    """A fresh id."""
    return new_id(datetime.now(UTC))  # noqa: TID251 - a benchmark has a clock of its own
