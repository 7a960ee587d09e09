// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Base} from "../Base.t.sol";
import {Charter} from "../Charter.sol";

/// @dev What members pay: every call is a transaction of its own, cold, as on a chain.
/// forge-config: default.isolate = true
/// forge-config: ci.isolate = true
contract GasTest is Base {
    function test_proposal_costs_whatItMay() public {
        bytes memory action = addConstraint("no-bio");
        uint256 id = propose(ActionKind.AddConstraint, action);
        measure("propose, first of a seat", 205_000);
        vote(id, 0, Support.For);
        measure("castVote, first of a proposal", 39_600);
        vote(id, 1, Support.For);
        measure("castVote, next", 39_600);
        vote(id, 1, Support.Against);
        measure("castVote, changed", 39_600);
        vm.prank(voters[2]);
        council.castVoteWithReason(id, 1, "it is safe");
        measure("castVoteWithReason", 41_000);
        bytes memory signature = sign(Charter.votingSecret(3), council.ballotDigest(id, 1, voters[3], 1, 0, ""));
        council.castSignedVote(id, 1, voters[3], 1, 0, "", signature);
        measure("castSignedVote", 47_500);
        voteFor(id, EVERYONE & ~uint64(0x0f));
        warpToEta(id);
        council.execute(id, ActionKind.AddConstraint, action);
        measure("execute AddConstraint", 330_000);
        propose(ActionKind.AddConstraint, addConstraint("no-cyber"));
        measure("propose, next of a seat", 175_000);
    }

    /// @dev Fifteen compact signatures of seats that had cast no ballot.
    function test_batch_costs_whatItMay() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("no-bio"));
        SignedBallot[] memory batch = new SignedBallot[](15);
        for (uint256 i; i < 15; ++i) {
            bytes32 digest = council.ballotDigest(id, 1, voters[i], 1, 0, "");
            batch[i] = SignedBallot(voters[i], 1, 1, 0, "", signCompact(Charter.votingSecret(i), digest));
        }
        council.castSignedVotes(id, batch);
        measure("castSignedVotes, a batch of 15", 245_000);
    }

    function measure(string memory what, uint256 most) private {
        assertLe(vm.snapshotGasLastCall("council", what), most, what);
    }
}
