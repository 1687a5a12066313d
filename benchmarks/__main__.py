"""`make bench`: one run, a table of ratios beside their goals, and the same as JSON.

`BENCH=--quick` takes a minute or two and is for looking whether it still runs; the figures of a
whole run are the ones to quote.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.accepting import against_bare, as_it_grows
from benchmarks.directory import first_results
from benchmarks.doors import beside_the_bare_view
from benchmarks.draining import rq_no_op, to_a_partner, to_inboxes
from benchmarks.importing import usual_file
from benchmarks.routing import directory
from benchmarks.thinking import decisions, integration, verification
from benchmarks.town import Town, private_town
from benchmarks.workers import pushing

Figures = dict[str, Any]
GOALS = (
    ("accept_to_bare", "accept ÷ bare view committing one row", ">=", 0.8),
    ("growth", "accept p50 at most stored ÷ at fewest", "<=", 1.2),
    ("inbox_to_rq", "drain to inboxes ÷ RQ no-op", ">=", 10.0),
    ("push_to_rq", "push over HTTP ÷ RQ no-op", ">=", 4.0),
    ("bare_posts_to_push", "bare loop of signed POSTs ÷ push", "<=", 1.5),
    ("integration_to_accept", "log integration ÷ accept", ">=", 5.0),
    ("routing_milliseconds", "routing over 20,000 services (ms)", "<=", 20.0),
    ("decision_microseconds", "a decision, ten consents (µs)", "<=", 50.0),
    ("csv_rows_per_second", "a usual CSV file, rows imported a second", ">=", 1000.0),
    ("csv_megabytes", "importing it, peak memory (MB)", "<=", 150.0),
    ("directory_search_ms", "directory: first results of 20,000 (ms)", "<=", 100.0),
    ("directory_search_p95_ms", "directory: the same, 95th percentile (ms)", "<=", 100.0),
)
_DOOR_FIGURES = ("per_second", "to_bare", "p50_ms", "p95_ms", "p99_ms")


def main() -> int:
    """Run everything and print it; exit status 0 even when a goal is missed: it says so."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller and shorter")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    with private_town() as town:
        figures = _measure(town.quiet(), quick=options.quick)
    _say("a file of visits")
    figures |= usual_file(10_000 if options.quick else 100_000)
    _print(figures)
    text = json.dumps(figures, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _measure(town: Town, *, quick: bool) -> Figures:
    figures: Figures = {"processors": os.cpu_count(), "python": platform.python_version()}
    _say("decisions")
    rate = decisions(town, 1.0 if quick else 3.0)
    figures |= {"decisions_per_second": rate, "decision_microseconds": 1e6 / rate}
    _say("routing")
    figures |= directory(town, 20_000, 50 if quick else 200)
    _say("accepting beside the bare view")
    figures |= against_bare(
        town, rounds=2 if quick else 7, seconds=2.0 if quick else 4.0, connections=8
    )
    _say("draining")
    figures |= _draining(town, rounds=2 if quick else 5, jobs=150 if quick else 300)
    _say("pushing with one and two workers")
    figures |= pushing(town, 150 if quick else 600)
    _say("the doors of partner systems")
    figures |= beside_the_bare_view(
        town,
        rounds=1 if quick else 3,
        seconds=2.0 if quick else 4.0,
        most=1_000 if quick else 3_000,
    )
    _say("the log")
    integrated = integration(town, 5_000 if quick else 50_000)
    verified, entries = verification(town)
    figures |= {
        "integrated_per_second": integrated,
        "integration_to_accept": integrated / figures["accept_per_second"],
        "verified_per_second": verified,
        "verified_entries": entries,
    }
    _say("searching the directory")
    figures |= first_results(town, searches=60 if quick else 300)
    _say("accepting as the store grows")
    sizes = (2_000, 10_000) if quick else (10_000, 200_000)
    return figures | as_it_grows(town, sizes, seconds=2.0 if quick else 5.0)


def _draining(town: Town, *, rounds: int, jobs: int) -> Figures:
    """Medians over rounds in which each is measured in turn: the machine's speed changes."""
    town.hub.integrator and town.hub.integrator.run(1_000_000)
    to_inboxes(town, 20)
    seen: list[tuple[float, float, float, float]] = []
    for _ in range(rounds):
        rq, inbox = rq_no_op(town, jobs), to_inboxes(town, jobs)
        seen.append((rq, inbox, *to_a_partner(town, jobs)))
    rqs, inboxes, pushes, posts = map(median, zip(*seen, strict=True))
    return {
        "rq_no_op_per_second": rqs,
        "inbox_per_second": inboxes,
        "push_per_second": pushes,
        "bare_posts_per_second": posts,
        "inbox_to_rq": median(inbox / rq for rq, inbox, _, _ in seen),
        "push_to_rq": median(push / rq for rq, _, push, _ in seen),
        "bare_posts_to_push": median(bare / push for _, _, push, bare in seen),
    }


def _print(figures: Figures) -> None:
    print(f"\n{'ratio':44} {'measured':>10}   goal")
    for name, words, sense, goal in GOALS:
        value = figures[name]
        met = value >= goal if sense == ">=" else value <= goal
        print(f"{words:44} {value:10.2f}   {sense} {goal:g}  {'met' if met else 'MISSED'}")
    _print_doors(figures)
    print()


def _print_doors(figures: Figures) -> None:
    print(f"\n{'door':10} {'a second':>10} {'÷ bare':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name in ("bare", "json", "sealed", "fhir", "token"):
        row = [figures[f"{name}_door_{what}"] for what in _DOOR_FIGURES]
        print(f"{name:10} {row[0]:10.1f} {row[1]:8.2f} {row[2]:8.1f} {row[3]:8.1f} {row[4]:8.1f}")
    one, two = (figures[f"pushes_{n}_per_second"] for n in ("one_worker", "two_workers"))
    print(f"pushes a second: {one:.0f} with one worker, {two:.0f} with two")


def _say(text: str) -> None:
    print(f"· {text} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
