"""Every event of the system, typed, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from governance.chain.bulk import collector_at_rest
from governance.chain.errors import RpcOverloaded
from governance.chain.pace import Pace, Patience
from governance.chain.rpc import Rpc, as_bytes, as_int
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import UndecodableAnswer, decode_event
from governance.ledger.deployment import Deployment
from governance.types import Timestamp
from governance.types.events import Event

SPAN = 50_000  # blocks a request, where a node finds nothing too much


@dataclass(frozen=True, slots=True)
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
    """The typed events of raw logs, oldest first; logs of other contracts are passed over.

    Raises: UndecodableAnswer, RpcUnavailable.
    """
    by_address = {address.lower(): name for name, address in deployment.addresses.items()}
    blocks, hashes = _Numbers(), _Hashes()  # the logs of a block share them
    records = []
    with collector_at_rest():
        try:
            for log in logs:
                address = str(log["address"])
                contract = by_address.get(address) or by_address.get(address.lower())
                if contract is not None:
                    event = decode_event(contract, log)
                    block, block_hash = blocks[log["blockNumber"]], hashes[log["blockHash"]]
                    transaction, index = hashes[log["transactionHash"]], blocks[log["logIndex"]]
                    records.append(EventRecord(contract, event, block, block_hash, transaction, index))
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            raise UndecodableAnswer(f"a node gave a log that is none: {e!r}") from e
    records.sort(key=attrgetter("block", "log_index"))
    return records


class _Numbers(dict[Any, int]):
    """Numbers by the text that JSON-RPC has for them."""

    def __missing__(self, text: Any) -> int:
        number = self[text] = as_int(text)
        return number


class _Hashes(dict[Any, bytes]):
    """Hashes by the text that JSON-RPC has for them."""

    def __missing__(self, text: Any) -> bytes:
        data = self[text] = as_bytes(text)
        return data


def get_events(
    rpc: Rpc,
    deployment: Deployment,
    *,
    first: int | None = None,
    last: int | None = None,
    topics: Sequence[Any] | None = None,
    wait: Callable[[RpcOverloaded], None] | None = None,
) -> list[EventRecord]:
    """The events of blocks first..last (by default, all that ever happened), oldest first.

    `topics` as `eth_getLogs` takes them. A range that the node finds too much is asked for in halves; one that has no
    time is waited for, by `wait` if it is given. Raises: RpcUnavailable, RpcError, UndecodableAnswer.
    """
    start = deployment.block if first is None else first
    end = as_int(rpc.call("eth_blockNumber")) if last is None else last
    query: dict[str, Any] = {"address": list(deployment.addresses.values())}
    if topics is not None:
        query["topics"] = list(topics)

    def ask(start: int, stop: int) -> list[Mapping[str, Any]]:
        found = rpc.call("eth_getLogs", {**query, "fromBlock": hex(start), "toBlock": hex(stop - 1)})
        if not isinstance(found, list):
            raise UndecodableAnswer(f"{rpc.name} gave no list of logs")
        return found

    records: list[EventRecord] = []
    for _, _, logs in Pace(SPAN).ask(start, end + 1, ask, wait=wait or Patience()):
        records += decode_logs(deployment, logs)
    return records


def get_inherited_events(rpc: Rpc, deployment: Deployment, *, last: int | None = None) -> list[EventRecord]:
    """The events of the systems that this one follows, the first system's first. Raises: RpcUnavailable."""
    *before, _ = deployment.line()
    return [record for system in before for record in get_events(rpc, system, last=last)]


def get_block_times(rpc: Rpc, blocks: Sequence[int]) -> dict[int, Timestamp]:
    """The time of each of these blocks, in one request."""
    numbers = sorted(set(blocks))
    headers = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
    return {number: Timestamp(as_int(header["timestamp"])) for number, header in zip(numbers, headers, strict=True)}
