"""What the chain shows of one deployment: its genesis, rebuilt from the constructors' events, and all events after."""

from __future__ import annotations

from dataclasses import dataclass

from governance.audit.errors import WrongGenesis
from governance.ledger.client import Ledger
from governance.ledger.events import EventRecord, get_block_times
from governance.spec.genesis import Genesis
from governance.spec.steps import Logged
from governance.types import KeyKind, SeatGrant, Timestamp
from governance.types.events.council import ParametersSet
from governance.types.events.seats import SeatGranted


@dataclass(frozen=True)
class History:
    """All events up to one block, and what they begin from."""

    genesis: Genesis
    records: tuple[EventRecord, ...]
    times: dict[int, Timestamp]
    block: int
    time: Timestamp  # of `block`
    predecessor: History | None = None

    @property
    def logs(self) -> list[Logged]:
        return [
            Logged(
                record.event,
                self.times[record.block],
                record.block,
                "0x" + record.transaction.hex(),
                record.log_index,
            )
            for record in self.records
        ]


def read_history(ledger: Ledger) -> History:
    """Everything up to the latest block, of the systems before this one too.

    Raises: WrongGenesis, RpcUnavailable, UndecodableAnswer.
    """
    latest = ledger.rpc.block()
    return _read_until(ledger, int(latest["number"], 16), Timestamp(int(latest["timestamp"], 16)))


def _read_until(ledger: Ledger, block: int, time: Timestamp) -> History:
    before = None if ledger.predecessor is None else _read_until(ledger.predecessor, block, time)
    records = tuple(ledger.events(last=block))
    times = get_block_times(ledger.rpc, [record.block for record in records])
    return History(rebuild_genesis(ledger, records), records, times, block, time, before)


def rebuild_genesis(ledger: Ledger, records: tuple[EventRecord, ...]) -> Genesis:
    """What the constructors were given, found to hash to the charter of the deployment.

    Raises: WrongGenesis.
    """
    first = next((record for record in records if isinstance(record.event, ParametersSet)), None)
    if first is None or not isinstance(first.event, ParametersSet):
        raise WrongGenesis("no ParametersSet event: nothing was deployed here")
    creation = next((record.transaction for record in records if isinstance(record.event, SeatGranted)), b"")
    grants = tuple(
        SeatGrant(
            organisation=event.organisation,
            chamber=event.chamber,
            jurisdiction=event.jurisdiction,
            affiliation=event.affiliation,
            framework=event.framework,
            kind=KeyKind(event.kind),
            voting_key=event.voting_key,
            recovery_key=event.recovery_key,
            evidence_hash=event.evidence_hash,
        )
        for record in records
        if isinstance(event := record.event, SeatGranted) and record.transaction == creation
    )
    genesis = Genesis(
        chain_id=ledger.chain_id,
        system=ledger.deployment.system,
        legal_text_hash=ledger.council.get_legal_text_hash(),
        chamber_names=tuple(ledger.seats.get_chambers()),
        grants=grants,
        initial=first.event.parameters,
        bounds=ledger.council.get_bounds(),
        predecessor=ledger.constraints.get_predecessor(),
    )
    if genesis.charter_hash != ledger.deployment.charter_hash:
        raise WrongGenesis(
            f"the constructors' events hash to charter 0x{genesis.charter_hash.hex()}, "
            f"and the deployment names 0x{ledger.deployment.charter_hash.hex()}"
        )
    return genesis
