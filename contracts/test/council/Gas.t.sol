// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {Support} from "../../src/types/Proposals.sol";
import {Base} from "../Base.t.sol";
import {Charter} from "../Charter.sol";

/// @dev What members pay. With --isolate every call is a transaction of its own, cold, as on a chain.
contract GasTest is Base {
    function test_gas_ofAProposalsLife() public {
        bytes memory action = addConstraint("no-bio");
        uint256 id = propose(ActionKind.AddConstraint, action);
        vm.snapshotGasLastCall("council", "propose, first");
        vote(id, 0, Support.For);
        vm.snapshotGasLastCall("council", "castVote, first of a proposal");
        vote(id, 1, Support.For);
        vm.snapshotGasLastCall("council", "castVote, next");
        vote(id, 1, Support.Against);
        vm.snapshotGasLastCall("council", "castVote, changed");
        vm.prank(voters[2]);
        council.castVoteWithReason(id, 1, "it is safe");
        vm.snapshotGasLastCall("council", "castVoteWithReason");
        bytes memory signature = sign(Charter.votingSecret(3), council.ballotDigest(id, 1, voters[3], 1, 0, ""));
        council.castSignedVote(id, 1, voters[3], 1, 0, "", signature);
        vm.snapshotGasLastCall("council", "castSignedVote");
        voteFor(id, EVERYONE & ~uint64(0x0f));
        warpToEta(id);
        council.execute(id, ActionKind.AddConstraint, action);
        vm.snapshotGasLastCall("council", "execute AddConstraint");
        propose(ActionKind.AddConstraint, addConstraint("no-cyber"));
        vm.snapshotGasLastCall("council", "propose, next");
    }
}
