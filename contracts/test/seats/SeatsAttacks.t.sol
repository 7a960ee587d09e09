// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Bounds, Parameters} from "../../src/types/Parameters.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev Attacks through the two ways in which a seat can be taken from whoever holds it: silence, and labels.
contract SeatsAttacksTest is SeatsTest {
    uint64 internal constant OTHERS = 0x7bff; // all but seat 10

    /// @dev Fourteen of fifteen call an awake seat dormant. All that they can do is to count; its next ballot, on anything
    /// at all, begins everything anew, and the replacement cannot even be proposed.
    function test_attack_majorityCallsAnAwakeSeatDormant() public {
        countSilence(0, 10);
        skip(179 days);
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("an ordinary vote"));
        vote(id, 10, Support.Against);
        skip(1 days);
        vm.expectRevert(notCounted(10));
        challenge(0, 10);

        countSilence(0, 10);
        skip(180 days);
        challenge(0, 10);
        skip(30 days - 1);
        vm.prank(voters[10]);
        seats.answer(10); // in the last second of the challenge
        skip(1);
        expectNoReplacement(10, notDormant(10, 0, nowAt()));
    }

    /// @dev The seat wakes up long after the vote, in the last second of its timelock; the majority waits for it to fall
    /// silent again and plays the old vote. The vote was about another silence.
    function test_attack_oldVoteIsPlayedOnANewSilence() public {
        // a charter under which a seat can fall silent anew while an old proposal can still be executed
        (Parameters memory p, Bounds memory limits) = (Charter.parameters(), Charter.bounds());
        (p.dormancy, p.challengePeriod) = (1 days, 1 days);
        (limits.min.dormancy, limits.min.challengePeriod) = (1 days, 1 days);
        deploySystem(Charter.chamberNames(), genesis(), p, limits);
        council.activate();
        fallSilent(10);
        uint256 id = propose(ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
        uint256 proposedAt = nowAt();
        voteFor(id, OTHERS);
        vm.warp(council.proposalEta(id) - 1);
        vm.prank(voters[10]);
        seats.answer(10);
        uint256 answerBy = fallSilent(10);
        assertState(id, ProposalState.Succeeded, "by its votes");
        vm.expectRevert(notDormant(10, answerBy, proposedAt));
        council.execute(id, ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
    }

    /// @dev Counted, challenged and not answered, in two days.
    function fallSilent(uint8 seat) private returns (uint256 answerBy) {
        countSilence(0, seat);
        skip(1 days);
        challenge(0, seat);
        answerBy = nowAt() + 1 days;
        skip(1 days);
    }

    /// @dev The key of a replaced seat votes, by itself and by a relayer with a ballot that it signed before, and pulls.
    function test_attack_replacedSeatsOldKeyVotes() public {
        makeDormant(0, 1 << 10);
        bytes memory action = replacing(10, newcomer(15, 2));
        uint256 id = propose(ActionKind.ReplaceSeat, action);
        voteFor(id, OTHERS);
        vm.warp(council.proposalEta(id));
        uint256 other = proposeAs(1, ActionKind.AddConstraint, addConstraint("open"));
        bytes memory signed = sign(Charter.votingSecret(10), council.ballotDigest(other, 1, voters[10], 1, 0, ""));
        council.execute(id, ActionKind.ReplaceSeat, action);

        bytes memory err = abi.encodeWithSelector(ICouncil.NotLiveSeat.selector, voters[10]);
        vm.prank(voters[10]);
        vm.expectRevert(err);
        council.castVote(other, 1);
        vm.expectRevert(err);
        council.castSignedVote(other, 1, voters[10], 1, 0, "", signed);
        vm.prank(voters[10]);
        vm.expectPartialRevert(ISeats.NotSeatKey.selector);
        seats.countSilence(0);
        vm.prank(guardians[10]);
        vm.expectRevert(standingRefused(10, ISeats.Standing.None));
        seats.answer(10);
    }

    /// @dev A thief of the voting key starts a rotation, has the silence counted and lets anybody complete the rotation: the
    /// count goes on, under a key that the seat does not know. The recovery key hears of it and ends both.
    function test_attack_challengeStartedBeforeARotation() public {
        address thief = vm.addr(99);
        bytes memory possession = sign(99, seats.rotationDigest(10, thief));
        vm.prank(voters[10]);
        seats.startRotation(thief, possession);
        countSilence(0, 10);
        skip(3 days);
        seats.completeRotation(10);
        skip(177 days);
        challenge(0, 10);
        skip(30 days);
        uint256 id = propose(ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
        voteFor(id, OTHERS);
        vm.warp(council.proposalEta(id));
        vm.prank(guardians[10]);
        seats.answer(10);
        vm.expectRevert(notDormant(10, 0, nowAt()));
        council.execute(id, ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
    }

    /// @dev A captured chamber challenges the other ten at once. Nine of them do one thing each, whatever it is; only the
    /// one that is really gone is left out, and the captured chamber has gained nothing: its five of fourteen decide
    /// nothing, and the others are asked as before.
    function test_attack_capturedChamberChallengesEveryoneAtOnce() public {
        for (uint8 seat; seat < 10; ++seat) {
            countSilence(14, seat);
        }
        skip(180 days);
        for (uint8 seat; seat < 10; ++seat) {
            challenge(14, seat);
        }
        skip(15 days);
        uint256 ordinary = proposeAs(14, ActionKind.AddConstraint, addConstraint("an ordinary vote"));
        voteFor(ordinary, 0x01ff);
        skip(15 days);
        bytes memory action = replacing(9, newcomer(15, 1));
        vm.prank(voters[14]);
        uint256 id = council.propose(ActionKind.ReplaceSeat, action, "");
        voteFor(id, PUBLIC);
        assertEq(council.quorumState(id).size, 14, "all but the one");
        warpToEta(id);
        assertState(id, ProposalState.Defeated, "five of fourteen");
        for (uint8 seat; seat < 9; ++seat) {
            vm.prank(voters[14]);
            vm.expectRevert(notDormant(seat, 0, nowAt()));
            council.propose(ActionKind.ReplaceSeat, replacing(seat, newcomer(15, 0)), "");
        }
    }

    /// @dev A proposal that was made while few were dormant is not helped by those who fall silent after it.
    function test_attack_barDoesNotFallDuringTheVote() public {
        for (uint8 seat = 11; seat < 15; ++seat) {
            countSilence(0, seat);
        }
        makeDormant(0, 1 << 10);
        uint256 id = propose(ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
        voteFor(id, 0x03ff); // ten of fourteen: 12 are needed, and three of the four of the public
        for (uint8 seat = 11; seat < 15; ++seat) {
            challenge(0, seat);
        }
        skip(30 days);
        assertEq(council.quorumState(id).size, 14, "they count still");
        warpToEta(id);
        assertState(id, ProposalState.Defeated, "ten of fourteen");
    }

    /// @dev One chamber with the help of the path alone: both others are dark. It would fill them with friends.
    function test_attack_oneChamberFillsTheDarkOthers() public {
        makeDormant(0, OVERSIGHT | PUBLIC);
        uint256 id = propose(ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
        voteFor(id, BUILDERS);
        warpToEta(id);
        assertState(id, ProposalState.Defeated, "one chamber is not a consortium");
    }

    /// @dev A group that was seated under false labels is found out. Whichever of its seats is reclassified first, one vote
    /// is left of them; their yes on what is open already counts no more.
    function test_attack_collusion_aGroupIsFoundOut(uint8 first) public {
        bytes32 group = keccak256("one owner");
        uint8[4] memory members = [1, 6, 11, 13];
        uint256 id = propose(ActionKind.SetParameters, abi.encode(Charter.parameters()));
        voteFor(id, EVERYONE & ~uint64(0x0090)); // carried by 13, those four among them
        warpToClose(id);
        // a suspension that would lock the system up is withheld, so each chamber can lose one at most
        for (uint8 i; i < 4; ++i) {
            toAffiliation(members[(first % 4 + i) % 4], group);
        }
        uint256 live;
        for (uint8 i; i < 4; ++i) {
            if (seats.liveMask() >> members[i] & 1 == 1) ++live;
        }
        assertEq(live, 2, "one, and one whose suspension would have been for ever");
        assertEq(council.quorumState(id).yes, 11, "of thirteen");
        warpToEta(id);
        assertState(id, ProposalState.Defeated, "twelve were needed");
    }

    function expectNoReplacement(uint8 seat, bytes memory err) private {
        vm.prank(voters[0]);
        vm.expectRevert(err);
        council.propose(ActionKind.ReplaceSeat, replacing(seat, newcomer(15, 2)), "");
    }
}
