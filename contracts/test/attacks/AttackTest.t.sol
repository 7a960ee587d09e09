// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {Base} from "../Base.t.sol";
import {CouncilTest} from "../council/CouncilTest.t.sol";
import {ReleasesTest} from "../releases/ReleasesTest.t.sol";

/// @dev What attackers of every kind need. Whatever an attack wants passed is passed by votes; only the committee's key,
/// whose making is another subject, stands in (ReleasesTest). Each defence that an attack meets has a patch in
/// tests/attacks/defences: without the defence, that attack alone comes through.
abstract contract AttackTest is CouncilTest, ReleasesTest {
    bytes32 internal constant PROOF = keccak256("evidence");

    function setUp() public virtual override(Base, ReleasesTest) {
        ReleasesTest.setUp();
    }

    /// @dev All who do not vote for it vote against it, so that turnout is full.
    function voteApart(uint256 id, uint64 mask) internal {
        voteFor(id, mask);
        voteMask(id, seats.liveMask() & ~mask, Support.Against);
    }

    /// @dev Passed, and in its last second before the first in which it can be executed.
    function ripen(uint256 id) internal {
        voteFor(id, EVERYONE);
        warpToEta(id);
        vm.warp(nowAt() - 1 hours);
    }

    function assertNotExecuted(uint256 id, ActionKind kind, bytes memory action, ProposalState actual) internal {
        vm.expectRevert(unexpected(id, actual, ProposalState.Succeeded));
        council.execute(id, kind, action);
    }

    function objectAs(uint256 seat, uint256 id) internal {
        vm.prank(voters[seat]);
        council.object(id, keccak256("counterexample"), "it permits what the old text forbade");
    }

    /// @dev A model of its own lineage, registered by a vote.
    function registered(uint64 sealNonce) internal returns (bytes32 modelId) {
        carry(ActionKind.RegisterModel, abi.encode(modelOf(sealNonce, 0)));
        return releases.computeModelId(REGISTRAR, sealNonce);
    }

    /// @dev A ballot for it, signed by the seat's own key.
    function signedFor(uint256 id, uint256 seat, uint8 round, uint8 count, uint256 secret)
        internal
        view
        returns (bytes memory)
    {
        bytes memory signature = sign(secret, council.ballotDigest(id, 1, voters[seat], round, count, ""));
        return abi.encodeCall(council.castSignedVote, (id, 1, voters[seat], round, count, "", signature));
    }
}
