"""How the demo's organisations decide: each seat's ballot is a command of its own, signed with the seat's own key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.demo.errors import DemoFailed
from governance.demo.narrator import Narrator
from governance.demo.runner import Runner
from governance.ledger.names import slug


@dataclass(frozen=True)
class Seat:
    """One organisation's vote, and the name of the key that casts it."""

    number: int
    organisation: str
    chamber: str

    @property
    def key(self) -> str:
        return slug(self.organisation)


class DemoCouncil:
    """The fifteen organisations of the devnet's charter."""

    def __init__(self, runner: Runner, narrator: Narrator) -> None:
        self._runner, self._narrator = runner, narrator
        found = runner.run("seat", "list")["seats"]
        self.seats = [Seat(seat["seat"], seat["organisation"], seat["chamber"]) for seat in found]
        self.decided: list[int] = []

    def some(self, each: Mapping[str, int] | int) -> list[Seat]:
        """The first so many seats of each chamber."""
        counts: dict[str, int] = {}
        chosen = []
        for seat in self.seats:
            wanted = each if isinstance(each, int) else each.get(seat.chamber, 0)
            counts[seat.chamber] = counts.get(seat.chamber, 0) + 1
            if counts[seat.chamber] <= wanted:
                chosen.append(seat)
        return chosen

    def propose(self, *words: str) -> int:
        """A proposal of the first seat; returns its number."""
        return int(self._runner.run(*words, "--key", self.seats[0].key)["proposal"])

    def vote(self, proposal: int, seats: Iterable[Seat]) -> None:
        """These seats vote for it, some at a time."""
        self._runner.run_all(["vote", str(proposal), "for", "--key", seat.key] for seat in seats)

    def enact(self, what: str, yes: Sequence[Seat], *words: str) -> int:
        """Proposed, voted for, waited out, executed; returns the proposal's number."""
        with self._narrator.step(what):
            proposal = self.propose(*words)
            self.vote(proposal, yes)
            self.wait_out(proposal)
            self.execute(proposal)
        return proposal

    def wait_out(self, proposal: int) -> None:
        """The chain's clock is past the vote and the timelock."""
        self._runner.run("devnet", "warp", "--until", str(proposal))

    def execute(self, proposal: int) -> dict[str, Any]:
        """Carried out by the second seat: anybody may."""
        done = self._runner.run("proposal", "execute", str(proposal), "--key", self.seats[1].key)
        self.decided.append(proposal)
        return done

    def report(self, proposals: Iterable[int]) -> list[dict[str, Any]]:
        """Each proposal with its ballots by chamber."""
        return [self._report(self._runner.run("proposal", "show", str(number))) for number in proposals]

    @staticmethod
    def _report(proposal: Mapping[str, Any]) -> dict[str, Any]:
        if not proposal["chambers"]:
            raise DemoFailed(f"proposal {proposal['number']} shows no chambers")
        return {
            "number": proposal["number"],
            "what": proposal["what"],
            "tier": proposal["tier"],
            "state": proposal["state"],
            "ballots": {
                chamber["name"]: {
                    "for": chamber["yes"],
                    "against": chamber["no"],
                    "abstain": chamber["abstain"],
                    "seats": chamber["size"],
                    "needed": chamber["needed"],
                }
                for chamber in proposal["chambers"]
            },
        }
