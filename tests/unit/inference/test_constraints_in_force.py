"""The constraints a worker enforces are those that the proven head binds, however the RPC tells the story."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from governance.constraints.document import ConstraintDocument
from governance.encoding.actions import decode_action, encode_action
from governance.encoding.names import compute_constraint_id, make_short_name
from governance.ledger.deployment import Deployment
from governance.types import (
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    Hash32,
    ParameterSetting,
    RetireConstraint,
    SetParameter,
    Timestamp,
)
from governance.types.events import Event
from governance.types.events.constraints import LedgerAdvanced
from governance.types.events.council import ActionProposed, ProposalCreated
from inference.constraints_in_force import rebuild_constraints
from inference.errors import ConstraintsMismatch
from live_system import LiveSystem, live_system

pytestmark = pytest.mark.chain

KEY = make_short_name("max_output_tokens")
NAMES = ("short-answers", "no-agents", "passing")


def document(name: str, text: str = "as voted") -> bytes:
    return ConstraintDocument(name=name, title=name, text=text).to_bytes()


@dataclass
class Story:
    """What happened, and the heads that the ledger had after each entry."""

    deployment: Deployment
    events: list[Event]
    heads: list[Hash32]

    def rebuild(self, events: list[Event], head: Hash32 | None = None) -> dict[str, tuple[str, dict[str, int], int]]:
        """Name -> text, limits, expiry."""
        found = rebuild_constraints(events, self.deployment, head or self.heads[-1])
        return {
            c.document.name: (c.document.text, {key: p.value for key, p in c.parameters.items()}, c.expires_at)
            for c in found
        }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Added, tightened, loosened, amended, retired: every kind of change, by real votes."""
    with live_system(tmp_path_factory.mktemp("constraints")) as system:
        heads = [system.ledger.constraints.get_head()]

        def enact(kind: ActionKind, action: object) -> None:
            system.enact(kind, action)  # type: ignore[arg-type]
            heads.append(system.ledger.constraints.get_head())

        settings = (ParameterSetting(KEY, Direction.MAX, 100),)
        for name in NAMES:
            enact(ActionKind.ADD_CONSTRAINT, AddConstraint(name, Timestamp(0), settings, document(name)))
        first, last = compute_constraint_id(NAMES[0]), compute_constraint_id(NAMES[2])

        def version(system: LiveSystem = system) -> Hash32:
            return system.ledger.constraints.get_constraint(first).version

        enact(ActionKind.TIGHTEN_PARAMETER, SetParameter(first, version(), KEY, 40))
        enact(ActionKind.LOOSEN_PARAMETER, SetParameter(first, version(), KEY, 60))
        expiry = Timestamp(system.ledger.now() + 10**6)
        amended = document(NAMES[0], "as amended")
        enact(ActionKind.AMEND_LOOSER, AmendConstraint(first, version(), expiry, amended))
        retired = system.ledger.constraints.get_constraint(last).version
        enact(ActionKind.RETIRE_CONSTRAINT, RetireConstraint(last, retired))
        yield Story(system.ledger.deployment, [record.event for record in system.ledger.events()], heads)


def test_constraints_are_what_all_votes_together_made(story: Story) -> None:
    found = story.rebuild(story.events)
    assert set(found) == {"short-answers", "no-agents"}
    text, limits, expiry = found["short-answers"]
    assert (text, limits) == ("as amended", {"max_output_tokens": 60})
    assert expiry > 0
    assert found["no-agents"] == ("as voted", {"max_output_tokens": 100}, 0)


def test_constraints_are_those_of_the_proven_block_not_of_the_newest(story: Story) -> None:
    assert story.rebuild(story.events, story.heads[0]) == {}
    assert set(story.rebuild(story.events, story.heads[1])) == {"short-answers"}
    assert story.rebuild(story.events, story.heads[4])["short-answers"][1] == {"max_output_tokens": 40}


def is_entry(event: Event, n: int) -> bool:
    return isinstance(event, LedgerAdvanced) and event.n == n


@pytest.mark.parametrize("n", range(7))
def test_constraints_are_refused_when_an_entry_is_withheld(story: Story, n: int) -> None:
    with pytest.raises(ConstraintsMismatch):
        story.rebuild([event for event in story.events if not is_entry(event, n)])


@pytest.mark.parametrize("n", range(6))
def test_constraints_are_refused_when_entries_change_places(story: Story, n: int) -> None:
    entries = [event for event in story.events if isinstance(event, LedgerAdvanced)]
    entries[n], entries[n + 1] = entries[n + 1], entries[n]
    others = [event for event in story.events if not isinstance(event, LedgerAdvanced)]
    with pytest.raises(ConstraintsMismatch):
        story.rebuild([*others, *entries])


def test_constraints_are_refused_when_the_story_ends_early(story: Story) -> None:
    with pytest.raises(ConstraintsMismatch, match="entries fold to"):
        story.rebuild([])


def change_action(events: list[Event], kind: ActionKind, change: Callable[[object], object]) -> list[Event]:
    """The same events, with the first proposal of that kind as the RPC would like it to have been."""
    proposed = next(event for event in events if isinstance(event, ActionProposed) and event.kind is kind)
    told: list[Event] = []
    for event in events:
        if isinstance(event, ProposalCreated) and event.proposal_id == proposed.proposal_id:
            action = decode_action(kind, event.calldatas[0])
            event = dataclasses.replace(event, calldatas=(encode_action(change(action)),))  # type: ignore[arg-type]
        told.append(event)
    return told


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (ActionKind.ADD_CONSTRAINT, {"document": document(NAMES[0], "you may")}),
        (ActionKind.ADD_CONSTRAINT, {"expires_at": Timestamp(0), "parameters": ()}),
        (ActionKind.ADD_CONSTRAINT, {"parameters": (ParameterSetting(KEY, Direction.MAX, 10_000),)}),
        (ActionKind.TIGHTEN_PARAMETER, {"value": 10_000}),
        (ActionKind.AMEND_LOOSER, {"expires_at": Timestamp(2**40 - 1)}),
        (ActionKind.AMEND_LOOSER, {"document": document(NAMES[0], "you may")}),
        (ActionKind.RETIRE_CONSTRAINT, {"constraint_id": compute_constraint_id(NAMES[0])}),
    ],
)
def test_constraints_are_refused_when_a_vote_is_told_otherwise(
    story: Story, kind: ActionKind, change: dict[str, object]
) -> None:
    """A proposal's id is a hash over its bytes: other bytes are another proposal, and the entry has none."""
    events = change_action(story.events, kind, lambda action: dataclasses.replace(action, **change))  # type: ignore[type-var]
    with pytest.raises(ConstraintsMismatch):
        story.rebuild(events)


def test_constraints_are_refused_when_a_proposal_is_withheld(story: Story) -> None:
    with pytest.raises(ConstraintsMismatch):
        story.rebuild([event for event in story.events if not isinstance(event, ProposalCreated)])


def test_constraints_of_another_deployment_are_refused(story: Story) -> None:
    """Its first head is computed from what deployment.json says: an RPC cannot choose where the story begins."""
    for change in ({"chain_id": 1}, {"charter_hash": Hash32(bytes(32))}):
        other = dataclasses.replace(story.deployment, **change)
        with pytest.raises(ConstraintsMismatch):
            rebuild_constraints(story.events, other, story.heads[-1])


def test_constraint_that_cannot_be_read_denies_everything(
    story: Story, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with live_system(tmp_path_factory.mktemp("unreadable")) as system:
        strange = b'{"schema":"custodes.constraint/9"}'
        system.enact(ActionKind.ADD_CONSTRAINT, AddConstraint("newer", Timestamp(0), (), strange))
        events = [record.event for record in system.ledger.events()]
        (found,) = rebuild_constraints(events, system.ledger.deployment, system.ledger.constraints.get_head())
    assert found.document.rules
    assert found.document.scope.covers("anything")
