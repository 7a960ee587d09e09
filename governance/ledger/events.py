"""Every event of the system, typed, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc, as_int
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import decode_event
from governance.ledger.deployment import Deployment
from governance.types import Timestamp
from governance.types.events import Event

SPAN = 50_000  # blocks a request; halved where a node finds it too much


@dataclass(frozen=True)
class EventRecord:
    """One event with its place in the chain."""

    contract: ContractName
    event: Event
    block: int
    block_hash: bytes
    transaction: bytes
    log_index: int

    @property
    def name(self) -> str:
        return type(self.event).__name__


def decode_logs(deployment: Deployment, logs: Sequence[Mapping[str, Any]]) -> list[EventRecord]:
    """The typed events of raw logs; logs of other contracts are passed over. Raises: UndecodableAnswer."""
    by_address = {address.lower(): name for name, address in deployment.addresses.items()}
    records = []
    for log in logs:
        contract = by_address.get(str(log["address"]).lower())
        if contract is not None:
            records.append(
                EventRecord(
                    contract=contract,
                    event=decode_event(contract, log),
                    block=as_int(log["blockNumber"]),
                    block_hash=bytes.fromhex(str(log["blockHash"]).removeprefix("0x")),
                    transaction=bytes.fromhex(str(log["transactionHash"]).removeprefix("0x")),
                    log_index=as_int(log["logIndex"]),
                )
            )
    return sorted(records, key=lambda record: (record.block, record.log_index))


def get_events(
    rpc: Rpc,
    deployment: Deployment,
    *,
    first: int | None = None,
    last: int | None = None,
    topics: Sequence[Any] | None = None,
) -> list[EventRecord]:
    """The events of blocks first..last (by default, all that ever happened), oldest first.

    `topics` as `eth_getLogs` takes them. Raises: RpcUnavailable, RpcError, UndecodableAnswer.
    """
    start = deployment.block if first is None else first
    end = as_int(rpc.call("eth_blockNumber")) if last is None else last
    logs = [log for span in _spans(rpc, deployment, start, end, topics) for log in span]
    return decode_logs(deployment, logs)


def get_block_times(rpc: Rpc, blocks: Sequence[int]) -> dict[int, Timestamp]:
    """The time of each of these blocks, in one request."""
    numbers = sorted(set(blocks))
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
    return {number: Timestamp(as_int(header["timestamp"])) for number, header in zip(numbers, headers, strict=True)}


def _spans(
    rpc: Rpc, deployment: Deployment, start: int, end: int, topics: Sequence[Any] | None
) -> Iterator[list[Mapping[str, Any]]]:
    span = SPAN
    while start <= end:
        stop = min(end, start + span - 1)
        query: dict[str, Any] = {
            "fromBlock": hex(start),
            "toBlock": hex(stop),
            "address": list(deployment.addresses.values()),
        }
        if topics is not None:
            query["topics"] = list(topics)
        try:
            yield rpc.call("eth_getLogs", query)
        except RpcError:
            if span == 1:
                raise
            span = max(1, span // 8)
            continue
        start = stop + 1
