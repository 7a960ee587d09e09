// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ProposalState, SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Attacks with ballots and keys that are no longer what they were.
contract KeysAttacks is AttackTest {
    uint8 private constant SEAT = 4;
    uint256 private constant NEXT = 77; // the secret of a seat's next key

    /// @dev A relayer keeps a signed "for" and plays it after the seat changed its mind, or spends the seat's ballots.
    function test_withheldBallot_playedAfterALaterOne() public {
        uint256 id = proposeAmendment();
        bytes memory kept = signedFor(id, SEAT, 1, 0, Charter.votingSecret(SEAT));
        vote(id, SEAT, Support.Against);
        assertStale(id, kept, 1, 1);
        assertBallot(id, SEAT, 1, 1, 1);
        objectAs(14, id); // a second round, with no ballots
        assertStale(id, kept, 2, 0);
    }

    /// @dev ... or plays it in a batch, where one bad ballot does not end the others.
    function test_withheldBallot_playedInABatch() public {
        uint256 id = proposeAmendment();
        SignedBallot[] memory batch = new SignedBallot[](1);
        batch[0] = ballotBy(id, SEAT, Charter.votingSecret(SEAT));
        vote(id, SEAT, Support.Against);
        assertEq(council.castSignedVotes(id, batch), 0, "accepted");
        assertBallot(id, SEAT, 1, 1, 1);
        objectAs(14, id);
        assertEq(council.castSignedVotes(id, batch), 0, "accepted in the second round");
    }

    /// @dev A relayer writes everybody's ballots and signs them itself.
    function test_relayer_inventsABatch() public {
        uint256 id = proposeTier1();
        SignedBallot[] memory batch = new SignedBallot[](15);
        for (uint8 seat; seat < 15; ++seat) {
            batch[seat] = ballotBy(id, seat, NEXT);
        }
        assertEq(council.castSignedVotes(id, batch), 0, "accepted");
        warpPastClose(id);
        assertNotExecuted(id, ActionKind.AddConstraint, addConstraint("tier 1"), ProposalState.Defeated);
    }

    /// @dev A key that was rotated away, because a thief has it, still votes: itself, or by signatures.
    function test_rotatedKey_stillVotes() public {
        uint256 id = proposeTier1();
        vote(id, SEAT, Support.For); // the thief
        address next = recover();
        vm.expectRevert(notLive(voters[SEAT]));
        vote(id, SEAT, Support.For);
        bytes memory signed = signedFor(id, SEAT, 1, 1, Charter.votingSecret(SEAT));
        assertRefused(signed, notLive(voters[SEAT]));
        vm.prank(next);
        council.castVote(id, uint8(Support.Against));
        assertBallot(id, SEAT, 1, 1, 2);
    }

    /// @dev ... or signs in the name of the key that replaced it.
    function test_rotatedKey_signsForTheNextOne() public {
        uint256 id = proposeTier1();
        address next = recover();
        bytes32 digest = council.ballotDigest(id, 1, next, 1, 0, "");
        bytes memory signature = sign(Charter.votingSecret(SEAT), digest);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.BadSignature.selector, next));
        council.castSignedVote(id, 1, next, 1, 0, "", signature);
    }

    /// @dev A removed member's key still votes on what was proposed while it was a member.
    function test_removedKey_stillVotes() public {
        bytes memory removal = removeSeat(SEAT);
        uint256 leaving = propose(ActionKind.ChangeSeats, removal);
        ripen(leaving);
        uint256 id = proposeTier4();
        bytes memory signed = signedFor(id, SEAT, 1, 0, Charter.votingSecret(SEAT));
        warpToEta(leaving);
        council.execute(leaving, ActionKind.ChangeSeats, removal);
        vm.expectRevert(notLive(voters[SEAT]));
        vote(id, SEAT, Support.For);
        assertRefused(signed, notLive(voters[SEAT]));
    }

    /// @dev R-Council-21. ... or the ballot that it cast in time still counts, against fewer who could outvote it.
    function test_removedKey_yesStillCounts() public {
        bytes memory removal = removeSeat(3);
        uint256 leaving = propose(ActionKind.ChangeSeats, removal);
        ripen(leaving);
        uint256 id = proposeTier4();
        voteApart(id, TIER_4); // exactly enough, seat 3 among them
        warpToEta(leaving);
        council.execute(leaving, ActionKind.ChangeSeats, removal);
        warpToEta(id);
        assertNotExecuted(id, ActionKind.SetParameters, setParameters(), ProposalState.Defeated);
    }

    /// @dev The organisation's recovery key gives the seat another voting key.
    function recover() private returns (address next) {
        next = vm.addr(NEXT);
        bytes memory possession = sign(NEXT, seats.rotationDigest(SEAT, next));
        vm.prank(guardians[SEAT]);
        seats.recoverKey(SEAT, next, possession);
    }

    function ballotBy(uint256 id, uint8 seat, uint256 secret) private view returns (SignedBallot memory) {
        bytes memory signature = sign(secret, council.ballotDigest(id, 1, voters[seat], 1, 0, ""));
        return SignedBallot(voters[seat], 1, 1, 0, "", signature);
    }

    function assertStale(uint256 id, bytes memory call, uint8 round, uint8 count) private {
        assertRefused(call, abi.encodeWithSelector(ICouncil.StaleBallot.selector, id, SEAT, 1, 0, round, count));
    }

    function assertRefused(bytes memory call, bytes memory err) private {
        vm.prank(STRANGER);
        (bool ok, bytes memory why) = address(council).call(call);
        assertFalse(ok, "accepted");
        assertEq(why, err, "reason");
    }
}
