"""Every event of the six contracts, one dataclass each. `EVENTS` finds the class of a contract's event by name.

`ledger` decodes logs into these; `spec` replays them.
"""

from __future__ import annotations

from governance.types.events.brake import BrakeEvent
from governance.types.events.committee import CommitteeEvent
from governance.types.events.constraints import ConstraintsEvent
from governance.types.events.council import CouncilEvent
from governance.types.events.releases import ReleasesEvent
from governance.types.events.seats import SeatsEvent

Event = CouncilEvent | SeatsEvent | ConstraintsEvent | ReleasesEvent | BrakeEvent | CommitteeEvent

EVENTS: dict[str, dict[str, type[Event]]] = {
    "Council": {event.__name__: event for event in CouncilEvent.__args__},
    "Seats": {event.__name__: event for event in SeatsEvent.__args__},
    "Constraints": {event.__name__: event for event in ConstraintsEvent.__args__},
    "Releases": {event.__name__: event for event in ReleasesEvent.__args__},
    "Brake": {event.__name__: event for event in BrakeEvent.__args__},
    "Committee": {event.__name__: event for event in CommitteeEvent.__args__},
}

__all__ = [
    "EVENTS",
    "BrakeEvent",
    "CommitteeEvent",
    "ConstraintsEvent",
    "CouncilEvent",
    "Event",
    "ReleasesEvent",
    "SeatsEvent",
]
