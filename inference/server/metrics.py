"""What a worker counts, in Prometheus' text form. Numbers alone: no prompt, no answer, no caller."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inference.worker import Worker

STATES = ("starting", "serving", "dark")
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Those of one worker; each application has a registry of its own."""

    def __init__(self, worker: Worker) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "custodes_worker_requests", "Requests answered, by path and status.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "custodes_worker_request_seconds", "From a request's head to its last byte.", ["path"],
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._first = Histogram(
            "custodes_worker_first_token_seconds", "From a request's head to the first piece of its answer.",
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._tokens = Counter("custodes_worker_tokens", "Tokens read and written.", ["direction"], registry=registry)
        self.asking = Gauge("custodes_worker_asking", "Requests that wait or are being answered.", registry=registry)
        registry.register(_State(worker))

    def count(self, path: str, status: int, began: float) -> None:
        """One request more has ended; `began` by the monotonic clock."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(time.monotonic() - began)

    def count_tokens(self, read: int, written: int) -> None:
        self._tokens.labels("read").inc(read)
        self._tokens.labels("written").inc(written)

    def count_first(self, began: float) -> None:
        self._first.observe(time.monotonic() - began)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """One request is on its way meanwhile."""
        with self.asking.track_inprogress():
            yield

    def to_text(self) -> bytes:
        return generate_latest(self._registry)


class _State(Collector):
    """Read from the worker when somebody looks."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterable[Metric]:
        described: dict[str, Any] = self._worker.describe()
        state = GaugeMetricFamily("custodes_worker_state", "1 for what the worker is at.", labels=["state"])
        for name in STATES:
            state.add_metric([name], float(described["state"] == name))
        yield state
        served = described["served"]
        for name, text, value in (
            ("block", "The newest block that was proven.", described["block"]),
            ("finalized_block", "The finalized block that was proven.", described["finalized"]),
            ("release_expires_seconds", "When the release ends, by the chain's time.", described["expiresAt"]),
            ("receipts", "Receipts of this worker under this release.", served["requests"]),
            ("receipts_output_tokens", "Tokens written, by those receipts.", served["outputTokens"]),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"custodes_worker_{name}", text, value=float(value))
