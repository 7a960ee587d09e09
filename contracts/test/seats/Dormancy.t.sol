// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev Silence: counted, challenged, and ended by anything that a seat does. Seat 0 asks, seat 7 is silent.
contract DormancyTest is SeatsTest {
    uint8 internal constant QUIET = 7;

    // --- counting

    function test_countSilence_reverts_unlessByASeat(address caller) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(caller != voters[i]);
        }
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, 255, caller));
        seats.countSilence(QUIET);
    }

    function test_countSilence_reverts_byASuspendedSeat(uint8 seat) public {
        seat %= 15;
        suspend(seat);
        vm.expectRevert(standingRefused(seat, ISeats.Standing.Suspended));
        countSilence(seat, QUIET == seat ? 0 : QUIET);
    }

    function test_countSilence_reverts_forASeatThatIsNotLive(uint8 seat) public {
        seat = uint8(bound(seat, 1, 255));
        if (seat < 15) suspend(seat);
        ISeats.Standing standing = seat < 15 ? ISeats.Standing.Suspended : ISeats.Standing.None;
        vm.expectRevert(standingRefused(seat, standing));
        countSilence(0, seat);
    }

    function test_countSilence_reverts_whenItIsCountedAlready(uint256 later) public {
        countSilence(0, QUIET);
        skip(bound(later, 0, 1000 days));
        vm.expectRevert(abi.encodeWithSelector(ISeats.SilenceCountedAlready.selector, QUIET, START));
        countSilence(1, QUIET);
    }

    function test_countSilence_reverts_beforeActivation() public {
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        vm.expectRevert(ICouncil.NotActive.selector);
        countSilence(0, QUIET);
    }

    function test_countSilence_begins(uint8 by, uint8 seat) public {
        (by, seat) = (by % 15, seat % 15);
        vm.expectEmit(address(seats));
        emit ISeats.SilenceCounted(seat, by, uint40(START + 180 days));
        countSilence(by, seat);
        assertSilence(seat, START, 0);
    }

    // --- challenging

    function test_challenge_reverts_unlessByASeat(address caller) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(caller != voters[i]);
        }
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, 255, caller));
        seats.challenge(QUIET);
    }

    function test_challenge_reverts_unlessCounted() public {
        vm.expectRevert(notCounted(QUIET));
        challenge(0, QUIET);
    }

    function test_challenge_reverts_beforeTheDormancy(uint256 elapsed) public {
        countSilence(0, QUIET);
        elapsed = bound(elapsed, 0, 180 days - 1);
        skip(elapsed);
        vm.expectRevert(
            abi.encodeWithSelector(ISeats.NotSilentEnough.selector, QUIET, START + 180 days, START + elapsed)
        );
        challenge(0, QUIET);
    }

    function test_challenge_reverts_twice() public {
        countSilence(0, QUIET);
        skip(180 days);
        challenge(0, QUIET);
        skip(29 days);
        vm.expectRevert(abi.encodeWithSelector(ISeats.ChallengedAlready.selector, QUIET, START + 210 days));
        challenge(1, QUIET);
    }

    function test_challenge_reverts_forASeatThatWasSuspended() public {
        countSilence(0, QUIET);
        skip(180 days);
        suspend(QUIET);
        vm.expectRevert(standingRefused(QUIET, ISeats.Standing.Suspended));
        challenge(0, QUIET);
        assertSilence(QUIET, 0, 0);
    }

    function test_challenge_lasts_forItsPeriod(uint8 by, uint256 later) public {
        by = by % 7;
        countSilence(0, QUIET);
        skip(bound(later, 180 days, 3650 days));
        vm.expectEmit(address(seats));
        emit ISeats.SeatChallenged(QUIET, by, uint40(nowAt() + 30 days));
        challenge(by, QUIET);
        assertSilence(QUIET, START, nowAt() + 30 days);
    }

    // --- answering

    function test_answer_reverts_unlessByAKeyOfTheSeat(address caller) public {
        vm.assume(caller != voters[QUIET] && caller != guardians[QUIET]);
        countSilence(0, QUIET);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, QUIET, caller));
        seats.answer(QUIET);
    }

    function test_answer_reverts_byAKeyThatWasRotatedAway() public {
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(QUIET, next));
        vm.prank(guardians[QUIET]);
        seats.recoverKey(QUIET, next, possession);
        countSilence(0, QUIET);
        vm.prank(voters[QUIET]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, QUIET, voters[QUIET]));
        seats.answer(QUIET);
    }

    function test_answer_reverts_whenNobodyCounts() public {
        vm.prank(voters[QUIET]);
        vm.expectRevert(notCounted(QUIET));
        seats.answer(QUIET);
    }

    function test_answer_reverts_forASuspendedSeat() public {
        suspend(QUIET);
        vm.prank(voters[QUIET]);
        vm.expectRevert(standingRefused(QUIET, ISeats.Standing.Suspended));
        seats.answer(QUIET);
    }

    function test_answer_endsTheSilence_byEitherKey(bool recovery, bool challenged) public {
        countSilence(0, QUIET);
        if (challenged) {
            skip(180 days);
            challenge(0, QUIET);
        }
        assertAwakeAfter(recovery ? guardians[QUIET] : voters[QUIET], abi.encodeCall(ISeats.answer, (QUIET)), sys.seats);
    }

    // --- everything that a seat does

    function test_castVote_endsTheSilence() public {
        uint256 id = quietWithProposal(QUIET);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ICouncil.castVote, (id, 0)), sys.council);
    }

    function test_castVoteWithReason_endsTheSilence() public {
        uint256 id = quietWithProposal(QUIET);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ICouncil.castVoteWithReason, (id, 2, "")), sys.council);
    }

    function test_castSignedVote_endsTheSilence_whoeverRelaysIt(address relayer) public {
        uint256 id = quietWithProposal(QUIET);
        assertAwakeAfter(relayer, signedBallot(id, Charter.votingSecret(QUIET)), sys.council);
    }

    function test_castSignedVotes_endsTheSilence_ofWhoeverIsInTheBatch(address relayer, bool late) public {
        uint256 id = quietWithProposal(QUIET);
        if (late) warpToClose(id);
        SignedBallot[] memory batch = new SignedBallot[](1);
        bytes memory signature = sign(Charter.votingSecret(QUIET), council.ballotDigest(id, 1, voters[QUIET], 1, 0, ""));
        batch[0] = SignedBallot(voters[QUIET], 1, 1, 0, "", signature);
        assertAwakeAfter(relayer, abi.encodeCall(ICouncil.castSignedVotes, (id, batch)), sys.council);
    }

    /// @dev A batch in which its ballot is skipped says nothing of it.
    function test_castSignedVotes_endsNothing_withAForgedSignature() public {
        uint256 id = quietWithProposal(QUIET);
        SignedBallot[] memory batch = new SignedBallot[](1);
        batch[0] =
            SignedBallot(voters[QUIET], 1, 1, 0, "", sign(99, council.ballotDigest(id, 1, voters[QUIET], 1, 0, "")));
        assertEq(council.castSignedVotes(id, batch), 0, "counted");
        assertSilence(QUIET, START, START + 210 days);
    }

    /// @dev Nobody but the seat ends its silence: a ballot that it has not signed says nothing of it.
    function test_castSignedVote_endsNothing_withAForgedSignature() public {
        uint256 id = quietWithProposal(QUIET);
        bytes memory forged = signedBallot(id, 99);
        (bool done,) = sys.council.call(forged);
        assertFalse(done, "refused");
        assertSilence(QUIET, START, START + 210 days);
    }

    function test_propose_endsTheSilence() public {
        quietWithProposal(QUIET);
        bytes memory action = addConstraint("from the quiet");
        bytes memory call = abi.encodeCall(ICouncil.propose, (ActionKind.AddConstraint, action, ""));
        assertAwakeAfter(voters[QUIET], call, sys.council);
    }

    function test_cancel_endsTheSilence() public {
        quietWithProposal(8);
        uint256 id = proposeAs(QUIET, ActionKind.AddConstraint, addConstraint("by the quiet"));
        countSilence(0, QUIET);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ICouncil.cancel, (id)), sys.council);
    }

    function test_pull_endsTheSilence() public {
        quietWithProposal(QUIET);
        vm.prank(voters[QUIET]);
        brake.pull(0, EVIDENCE, 3, "");
        assertSilence(QUIET, 0, 0);
    }

    function test_reportAndItsAnswer_endTheSilence() public {
        countSilence(0, QUIET);
        bytes memory report =
            abi.encodeWithSignature("reportIncident(bytes32,bytes32,uint8,string)", 0, EVIDENCE, 3, "");
        assertAwakeAfter(voters[QUIET], report, sys.brake);
        countSilence(0, QUIET);
        bytes memory respond = abi.encodeWithSignature("respond(uint64,bytes32,string)", 1, EVIDENCE, "");
        assertAwakeAfter(voters[QUIET], respond, sys.brake);
    }

    function test_countingAnother_endsTheOwnSilence() public {
        quietWithProposal(QUIET);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ISeats.countSilence, (9)), sys.seats);
        countSilence(0, QUIET);
        skip(180 days);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ISeats.challenge, (9)), sys.seats);
    }

    function test_rotations_endTheSilence() public {
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(QUIET, next));
        countSilence(0, QUIET);
        assertAwakeAfter(voters[QUIET], abi.encodeCall(ISeats.startRotation, (next, possession)), sys.seats);
        countSilence(0, QUIET);
        assertAwakeAfter(guardians[QUIET], abi.encodeCall(ISeats.cancelRotation, (QUIET)), sys.seats);
        countSilence(0, QUIET);
        assertAwakeAfter(guardians[QUIET], abi.encodeCall(ISeats.recoverKey, (QUIET, next, possession)), sys.seats);
        countSilence(0, QUIET);
        address guard = vm.addr(78);
        possession = sign(78, seats.recoveryRotationDigest(QUIET, guard));
        assertAwakeAfter(
            guardians[QUIET], abi.encodeCall(ISeats.rotateRecoveryKey, (QUIET, guard, possession)), sys.seats
        );
    }

    /// @dev Anybody completes a rotation, so that says nothing; the new key is heard as the old one was.
    function test_completeRotation_keepsTheCount_andTheNewKeyEndsIt() public {
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(QUIET, next));
        vm.prank(voters[QUIET]);
        seats.startRotation(next, possession);
        countSilence(0, QUIET);
        skip(3 days);
        seats.completeRotation(QUIET);
        assertSilence(QUIET, START, 0);
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("c"));
        assertAwakeAfter(next, abi.encodeCall(ICouncil.castVote, (id, 1)), sys.council);
    }

    // --- and nothing else

    /// @dev R-Seats-20: an outsider who asks Seats about a key, in the very words of the Council, ends nothing.
    function test_act_endsNothing_fromAnybodyElse(address caller) public {
        vm.assume(caller != sys.council && caller != sys.brake);
        countSilence(0, QUIET);
        vm.prank(caller);
        (uint8 seat, ISeats.Standing standing) = seats.act(voters[QUIET]);
        assertEq(seat, QUIET, "the seat");
        assertTrue(standing == ISeats.Standing.Live, "and its standing");
        assertSilence(QUIET, START, 0);
    }

    function test_otherSeats_endNothing(uint8 other) public {
        other %= 15;
        if (other == QUIET) return;
        uint256 id = quietWithProposal(QUIET);
        vote(id, other, Support.For);
        assertSilence(QUIET, START, START + 210 days);
    }

    /// @dev What nobody counts costs no ballot anything: not one word of Seats is written.
    function test_castVote_writesNothingInSeats_whileNobodyCounts() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("c"));
        vm.record();
        vote(id, QUIET, Support.For);
        (, bytes32[] memory writes) = vm.accesses(sys.seats);
        assertEq(writes.length, 0, "writes");
    }

    /// @dev Nor is Seats called for it.
    function test_ballots_callNothingThatWrites_whileNobodyCounts() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("c"));
        SignedBallot[] memory batch = new SignedBallot[](1);
        bytes memory signature = sign(Charter.votingSecret(8), council.ballotDigest(id, 1, voters[8], 1, 0, ""));
        batch[0] = SignedBallot(voters[8], 1, 1, 0, "", signature);
        vm.expectCall(sys.seats, abi.encodeWithSelector(ISeats.act.selector), 0);
        vote(id, QUIET, Support.For);
        assertEq(council.castSignedVotes(id, batch), 1, "counted");
    }

    // --- helpers

    /// @dev The seat is challenged, halfway through its answer's time; a proposal that all can vote on is open.
    function quietWithProposal(uint8 seat) private returns (uint256 id) {
        countSilence(0, seat);
        skip(180 days);
        challenge(0, seat);
        skip(15 days);
        id = propose(ActionKind.AddConstraint, addConstraint("c"));
    }

    function signedBallot(uint256 id, uint256 secret) private view returns (bytes memory) {
        bytes memory signature = sign(secret, council.ballotDigest(id, 1, voters[QUIET], 1, 0, ""));
        return abi.encodeCall(ICouncil.castSignedVote, (id, 1, voters[QUIET], 1, 0, "", signature));
    }

    function assertAwakeAfter(address caller, bytes memory call, address where) private {
        assertTrue(seats.silenceOf(QUIET).since != 0, "its silence is counted");
        vm.expectEmit(address(seats));
        emit ISeats.SilenceEnded(QUIET);
        vm.prank(caller);
        (bool done,) = where.call(call);
        assertTrue(done, "done");
        assertSilence(QUIET, 0, 0);
        // whoever wants to challenge it now begins anew
        vm.expectRevert(notCounted(QUIET));
        challenge(0, QUIET);
    }
}
