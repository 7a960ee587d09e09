// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, ChangeSeats, SeatGrant, SuspendSeat} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Attacks on who votes: seats taken, given, suspended or silenced so that few decide.
contract MembershipAttacks is AttackTest {
    /// @dev Build Finance, 2022: a slow takeover of membership, each step voted for by those who did not look at the sum.
    /// A chamber is filled until it outvotes the others.
    function test_buildFinance_aChamberIsFilledSeatBySeat() public {
        ChangeSeats memory batch = ChangeSeats(new uint8[](0), new SeatGrant[](5));
        for (uint256 i; i < 5; ++i) {
            batch.grants[i] = grantOf(15 + i, 0, bytes2(uint16(0x4141 + i)));
        }
        carry(ActionKind.ChangeSeats, abi.encode(batch)); // ten of twenty
        SeatGrant memory eleventh = grantOf(20, 0, "NZ");
        vm.expectRevert(abi.encodeWithSelector(ISeats.ChamberTooLarge.selector, 0, 11, 10));
        propose(ActionKind.ChangeSeats, grantSeat(eleventh));
    }

    /// @dev ... and who came in last decides what was proposed before.
    function test_buildFinance_newMembersVoteOnWhatCameBefore() public {
        bytes memory action = grantSeat(grantOf(15, 0, "NZ"));
        uint256 entry = propose(ActionKind.ChangeSeats, action);
        ripen(entry);
        uint256 id = proposeTier4();
        warpToEta(entry);
        council.execute(entry, ActionKind.ChangeSeats, action);
        vm.prank(grantOf(15, 0, "NZ").votingKey);
        vm.expectRevert(notEligible(id, 15));
        council.castVote(id, 1);
    }

    /// @dev A colluding affiliation group: a second member of a seated group, in any chamber, or two of a new one at once.
    function test_colludingGroup_takesSeatsUnderManyNames() public {
        SeatGrant memory sister = grantOf(15, 0, "NZ");
        SeatGrant memory other = grantOf(16, 1, "NZ");
        for (uint8 chamber; chamber < 3; ++chamber) {
            (sister.chamber, sister.affiliation) = (chamber, seats.getSeat(0).affiliation);
            vm.expectRevert(abi.encodeWithSelector(ISeats.AffiliationSeated.selector, sister.affiliation, 15, 0));
            propose(ActionKind.ChangeSeats, grantSeat(sister));
        }
        (sister.affiliation, other.affiliation) = (PROOF, PROOF);
        ChangeSeats memory batch = ChangeSeats(new uint8[](0), new SeatGrant[](2));
        (batch.grants[0], batch.grants[1]) = (sister, other);
        vm.expectRevert(abi.encodeWithSelector(ISeats.AffiliationSeated.selector, PROOF, 15, 16));
        propose(ActionKind.ChangeSeats, abi.encode(batch));
    }

    /// @dev R-Seats-11. A majority suspends an opponent, so that a smaller number carries what it opposed.
    function test_suspension_lowersTheBar() public {
        addRule();
        bytes memory action = setParameter(1000);
        uint256 id = propose(ActionKind.LoosenParameter, action);
        voteApart(id, TIER_3 & ~uint64(0x2000)); // three of the public chamber's five
        suspendByVote(14);
        vm.warp(council.proposalEta(id));
        assertNotExecuted(id, ActionKind.LoosenParameter, action, ProposalState.Defeated);
        assertEq(council.quorumState(id).needed, 12, "of all fifteen");
    }

    /// @dev A majority of tier 1 suspends until nobody can pass anything any more.
    function test_suspension_untilNothingCanPass() public {
        suspendByVote(4);
        suspendByVote(9);
        suspendByVote(14);
        for (uint8 seat; seat < 15; ++seat) {
            if (seat % 5 == 4) continue;
            vm.prank(voters[0]);
            vm.expectRevert(abi.encodeWithSelector(ISeats.WouldDeadlock.selector, seat, 3));
            council.propose(ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, PROOF)), "it objects too much");
        }
        uint256 id = proposeTier4();
        voteFor(id, seats.liveMask());
        vm.warp(council.proposalEta(id));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    /// @dev R-Seats-06, R-Seats-18. A seat number is given to somebody else, whose bit would make the old holder's yes count again. It rests until
    /// every proposal that could count it is dead, however long that one was kept alive.
    function test_reusedSeatNumber_revivesAnOldYes() public {
        uint256 id = proposeAmendment();
        voteFor(id, EVERYONE);
        vm.warp(council.quorumState(id).expiresAt); // the last second of the first round
        objectAs(14, id);
        voteFor(id, TIER_3); // seat 3 among them
        targetAs(sys.seats, ActionKind.ChangeSeats, removeSeat(3), 4);
        uint256 last = council.proposalEta(id) + Charter.parameters().grace;
        for (uint256 time = nowAt(); time <= last; time += 4 days) {
            vm.warp(time);
            assertEq(nextNumber(), 15, "another number");
        }
    }

    /// @dev A dark chamber: all its seats fall silent, to stop everything. Safety needs two chambers only, and the
    /// silence carries nothing.
    function test_darkChamber_stallsSafety() public {
        uint64 awake = BUILDERS | OVERSIGHT;
        carryWith(awake, ActionKind.AddConstraint, addConstraint("in spite of it"));
        bytes32 model = registered(1);
        bytes32 releaseId = bytes32(carry(ActionKind.GrantRelease, granting(model)));
        stop(model);
        assertTrue(brake.isStopped(model), "stopped without the dark chamber");
        assertFalse(releases.isReleasable(releaseId, WORKER), "releasable");
    }

    function suspendByVote(uint8 seat) private {
        uint64 mask = seats.liveMask() & ~(uint64(1) << seat);
        carryWith(mask, ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, PROOF)));
    }

    /// @dev The number that a newcomer would be given now.
    function nextNumber() private returns (uint8 number) {
        uint256 snapshot = vm.snapshotState();
        SeatGrant memory grant = grantOf(15, 0, "NZ");
        targetAs(sys.seats, ActionKind.ChangeSeats, grantSeat(grant), 4);
        (number,) = seats.seatOf(grant.votingKey);
        vm.revertToState(snapshot);
    }
}
