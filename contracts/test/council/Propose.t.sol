// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {Base} from "../Base.t.sol";

contract ProposeTest is Base {
    function test_propose_executesAction_whenCarried() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("no-bio"));
        voteFor(id, TIER_1);
        vm.snapshotGasLastCall("council", "castVote");
        warpToEta(id);
        council.execute(id, ActionKind.AddConstraint, addConstraint("no-bio"));
        vm.snapshotGasLastCall("council", "execute");
        assertState(id, ProposalState.Executed, "executed");
        assertEq(constraints.entryCount(), 1, "entries");
    }
}
