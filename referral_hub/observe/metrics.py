"""Counters for operators: how many, how fast, how late. A label is a code from a closed list.

Agencies, people, references and paths are never labels: a metric of one agency's refusals at three
in the morning is personal data about whoever was on duty (goal G5). With several processes, each
writes its own file below `PROMETHEUS_MULTIPROC_DIR` and `hub metrics` adds them up; the limit is
that the directory must be emptied when all of them start, which `hub run` does.
"""

from __future__ import annotations

from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Histogram

_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SLOW = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86400.0)


class Metrics:
    """What one process counts. Build one for each process, in `wiring`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Histogram(
            "hub_request_seconds",
            "Time to answer, by route template",
            ["method", "route", "status"],
            buckets=_FAST,
            registry=self.registry,
        )
        self._decisions = Counter(
            "hub_decisions", "Consent decisions", ["outcome", "rule"], registry=self.registry
        )
        self._deliveries = Counter(
            "hub_deliveries", "Attempts to deliver", ["kind", "outcome"], registry=self.registry
        )
        self._delivery_age = Histogram(
            "hub_delivery_age_seconds",
            "From acceptance to delivery",
            ["kind"],
            buckets=_SLOW,
            registry=self.registry,
        )
        self._entries = Counter(
            "hub_log_entries_integrated", "Entries numbered in the log", registry=self.registry
        )
        self._sign_ins = Counter("hub_sign_ins", "Sign-ins", ["outcome"], registry=self.registry)

    def request_served(self, method: str, route: str, *, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def decided(self, outcome: str | Enum, rule: str = "") -> None:
        """Count one consent decision: permit, hold or refuse, and the rule that settled it."""
        self._decisions.labels(_code(outcome), rule).inc()

    def delivered(self, kind: str | Enum, outcome: str | Enum) -> None:
        """Count one attempt of the outbox and what came of it."""
        self._deliveries.labels(_code(kind), _code(outcome)).inc()

    def aged(self, kind: str | Enum, seconds: float) -> None:
        """Record how old an outbox row was when it was delivered."""
        self._delivery_age.labels(_code(kind)).observe(seconds)

    def integrated(self, count: int) -> None:
        """Count entries that have been numbered and covered by a checkpoint."""
        self._entries.inc(count)

    def signed_in(self, outcome: str | Enum) -> None:
        """Count one attempt to sign in."""
        self._sign_ins.labels(_code(outcome)).inc()


def _code(value: str | Enum) -> str:
    return str(value.value) if isinstance(value, Enum) else value
