"""Metrics add up over processes, and no label can hold anything personal."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from referral_hub.observe import Metrics
from referral_hub.supervise import wait_until

CLOSED_LISTS = {"method", "route", "status", "outcome", "rule", "kind", "le"}
COUNTING = (
    "from referral_hub.observe import Metrics; m = Metrics();"
    "m.delivered('offer', 'delivered'); m.delivered('offer', 'delivered'); m.integrated(5);"
    "m.request_served('GET', '/healthz', status=200, seconds=0.01)"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_label_is_a_code_from_a_closed_list() -> None:
    metrics = Metrics()
    metrics.request_served("GET", "/", status=200, seconds=0.1)
    metrics.decided("permit", "R01")
    metrics.delivered("offer", "delivered")
    metrics.aged("offer", 3.0)
    metrics.signed_in("refused")
    labels = {
        label
        for family in metrics.registry.collect()
        for sample in family.samples
        for label in sample.labels
    }
    assert labels <= CLOSED_LISTS


def test_the_metrics_process_adds_up_what_several_processes_counted(tmp_path: Path) -> None:
    port = _free_port()
    environ = {
        **os.environ,
        "HUB_DATA": str(tmp_path),
        "HUB_METRICS_PORT": str(port),
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTING], env=environ, check=True)
    page = ""

    def served() -> bool:
        nonlocal page
        try:
            page = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=2).text
        except httpx.HTTPError:
            return False
        return True

    command = [sys.executable, "-m", "referral_hub.cli", "metrics"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as server:
        try:
            assert wait_until(served, seconds=30, meanwhile=lambda: None)
        finally:
            server.terminate()
    assert 'hub_deliveries_total{kind="offer",outcome="delivered"} 4.0' in page
    assert "hub_log_entries_integrated_total 10.0" in page
    assert 'hub_request_seconds_count{method="GET",route="/healthz",status="200"} 2.0' in page
