"""What an oracle counts, in Prometheus' text form, on a port of loopback that is open only if somebody asked for it.

All numbers stand in the status that was described last: whoever reads them asks nothing of the chain and waits for
nothing. No request, no answer and no address is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from oracle.errors import MetricsUnavailable

Status = dict[str, Any]
LOOPBACK = "127.0.0.1"


class Looks:
    """How often an oracle has looked, and how often that failed."""

    def __init__(self) -> None:
        self.good = self.failed = 0

    def count(self, worked: bool) -> None:
        if worked:
            self.good += 1
        else:
            self.failed += 1


@contextmanager
def serve_metrics(port: int, describe: Callable[[], Status], looks: Looks) -> Iterator[str]:
    """The URL at which they are read, until the block ends. Port 0 is any free one.

    Raises: MetricsUnavailable.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as e:
        raise MetricsUnavailable("prometheus-client is not installed") from e
    registry = CollectorRegistry()
    registry.register(_collector(describe, looks))
    try:
        server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    except OSError as e:
        raise MetricsUnavailable(f"port {port} of {LOOPBACK} cannot be taken: {e.strerror}") from e
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=2.0)


def _collector(describe: Callable[[], Status], looks: Looks) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class OracleCollector(Collector):
        def collect(self) -> Iterable[Metric]:
            found = describe()
            counted = CounterMetricFamily("custodes_oracle_looks", "Looks at the chain.", labels=["outcome"])
            counted.add_metric(["good"], looks.good)
            counted.add_metric(["failed"], looks.failed)
            yield counted
            for name, text, value in _values(found):
                if value is not None:
                    yield GaugeMetricFamily(f"custodes_oracle_{name}", text, value=float(value))
            for name, text, key, kind in (
                ("rpc_answers", "1 for an RPC that answered the last look.", "answers", "rpcs"),
                ("socket_heard", "1 for a socket that gives heads.", "heard", "heads"),
            ):
                family = GaugeMetricFamily(f"custodes_oracle_{name}", text, labels=["name"])
                for each in found.get(kind) or []:
                    family.add_metric([each["name"]], float(each[key]))
                yield family

    return OracleCollector()


def _values(found: Status) -> Iterator[tuple[str, str, float | None]]:
    epoch = found.get("epoch") or {}
    yield "latched", "1 if its latch is set.", bool(found.get("latch"))
    yield "stalled", "1 if the chain stands still.", bool(found.get("stalled"))
    yield "block", "The newest block that any RPC shows.", (found.get("latest") or {}).get("number")
    yield "finalized_block", "The final block that is believed.", (found.get("finalized") or {}).get("number")
    yield "behind_blocks", "Final blocks that are still to be read.", found.get("behind")
    yield "balance_ether", "What its account holds, proven at the final block.", _ether(found.get("balance"))
    yield "epoch", "The committee's newest epoch.", epoch.get("number")
    yield "has_share", "1 if it holds a share of that epoch.", epoch.get("hasShare")
    yield "open_requests", "Unlock requests that may need an answer.", found.get("openRequests")
    yield "pending_transactions", "Transactions that are in no block yet.", found.get("pending")


def _ether(wei: object) -> float | None:
    return int(wei) / 10**18 if isinstance(wei, str) else None
