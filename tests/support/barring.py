"""An identity that a stop has barred."""

from __future__ import annotations

from dataclasses import dataclass

from committee_system import Asked, Unlockable


@dataclass
class Barring:
    """An identity that a stop between two partials has barred, from one case to the next."""

    unlockable: Unlockable
    asked: Asked | None = None

    def request(self) -> Asked:
        """One partial, then a stop; the quorum has lifted it since."""
        if self.asked is None:
            self.asked = self._bring_about()
        return self.asked

    def _bring_about(self) -> Asked:
        committee = self.unlockable.committee
        asked = committee.ask(committee.grant(committee.register_model()))
        with committee.blocks_by_hand():
            committee.mine(2)
            committee.wait_for_pending(5)
            committee.mine(3)  # five approvals, final
            committee.wait_for_pending(1)
            for oracle in committee.oracles:
                oracle.freeze()
            committee.look_around(0.5)  # what was on its way is in the pool
            pending = committee.system.anvil.rpc.call("txpool_content")["pending"]
            posted = sorted(pending)
            for sender in posted[1:]:  # all but one of the answers are lost
                for transaction in pending[sender].values():
                    committee.system.anvil.rpc.call("anvil_dropTransaction", transaction["hash"])
            committee.mine(1)
            assert len(committee.partials(asked)) == 1
            committee.pull(wait=False)
            committee.mine(3)
            for oracle in committee.oracles:
                oracle.thaw()
        committee.resume()
        return asked
