// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, SeatGrant} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {ProposalState, QuorumState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev A seat that stayed silent through its challenge is replaced in its chamber, by those who are awake.
contract ReplaceSeatTest is SeatsTest {
    uint64 internal constant FOUR_PUBLIC = 0x7800; // seats 11 to 14

    // --- refusals

    function test_replaceSeat_reverts_unlessFromTheCouncil(address caller) public {
        assertOnlyCouncil(seats, ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)), caller);
    }

    function test_replaceSeat_needsTier4() public {
        makeDormant(0, PUBLIC);
        assertEq(seats.checkAction(ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2))), 4, "tier");
    }

    function test_replaceSeat_reverts_unlessDormant(uint256 elapsed) public {
        assertRefusedWhenProposed(10, notDormant(10, 0, nowAt()));
        countSilence(0, 10);
        skip(bound(elapsed, 0, 1000 days));
        assertRefusedWhenProposed(10, notDormant(10, 0, nowAt()));
    }

    function test_replaceSeat_reverts_whileTheChallengeLasts(uint256 elapsed) public {
        countSilence(0, 10);
        skip(180 days);
        challenge(0, 10);
        skip(bound(elapsed, 0, 30 days - 1));
        assertRefusedWhenProposed(10, notDormant(10, START + 210 days, nowAt()));
    }

    function test_replaceSeat_reverts_inAnotherChamber(uint8 chamber) public {
        makeDormant(0, PUBLIC);
        chamber = chamber % 5;
        if (chamber == 2) return;
        bytes memory err = abi.encodeWithSelector(ISeats.OtherChamber.selector, uint8(10), chamber, uint8(2));
        expectProposalRefused(replacing(10, newcomer(15, chamber)), err);
    }

    function test_replaceSeat_reverts_whenTheReplacementIsNotIndependent() public {
        makeDormant(0, PUBLIC);
        SeatGrant memory replacement = newcomer(15, 2);
        replacement.affiliation = seats.getSeat(3).affiliation;
        bytes memory err =
            abi.encodeWithSelector(ISeats.AffiliationSeated.selector, replacement.affiliation, uint8(15), uint8(3));
        expectProposalRefused(replacing(10, replacement), err);
        replacement = newcomer(15, 2);
        replacement.votingKey = voters[10];
        expectProposalRefused(replacing(10, replacement), abi.encodeWithSelector(ISeats.KeyUsed.selector, voters[10]));
    }

    // --- the bar

    /// @dev 4/5 of the ten that are awake, more than half of each of the two chambers that are.
    function test_replaceSeat_passes_byEightOfTheTenThatAreAwake() public {
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, 0x001f | 0x0060); // five builders, two of oversight
        assertPassing(id, false);
        vote(id, 7, Support.For);
        assertPassing(id, true);
    }

    /// @dev Half of a chamber is not more than half of it, though twelve of fourteen agree.
    function test_replaceSeat_fails_byHalfOfAChamber() public {
        makeDormant(0, 0x0400);
        uint256 id = proposeReplacement(10);
        voteFor(id, BUILDERS | OVERSIGHT | 0x1800);
        assertPassing(id, false);
        vote(id, 13, Support.For);
        assertPassing(id, true);
    }

    /// @dev R-Seats-24. Its bar is its own, and no setting of tier 4 moves it.
    function test_replaceSeat_asksTheSame_whateverTier4Asks() public {
        Parameters memory p = Charter.parameters();
        (p.tiers[3].overallNum, p.tiers[3].overallDen, p.tiers[3].overallStrict) = (9, 10, true);
        enact(council, ActionKind.SetParameters, abi.encode(p), 4);
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, 0x001f | 0x0060);
        assertPassing(id, false);
        assertEq(council.quorumState(id).needed, 8, "needed");
        vote(id, 7, Support.For);
        assertPassing(id, true);
        warpPastClose(id);
        assertState(id, ProposalState.Queued, "carried");
    }

    /// @dev A dormant chamber's few would keep its seats by vetoes.
    function test_replaceSeat_cannotBeVetoed() public {
        makeDormant(0, PUBLIC & ~uint64(0x7000));
        uint256 id = proposeReplacement(10);
        vm.prank(voters[12]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotVetoable.selector, id, ActionKind.ReplaceSeat, 4));
        council.veto(id, "");
    }

    function test_replaceSeat_needsMoreThanHalfOfAnAwakeChamber() public {
        makeDormant(0, PUBLIC | 0x8 | 0x200 | 0x100); // all of the public, one builder, two of oversight
        uint256 id = proposeReplacement(10);
        // 4 builders, 3 of oversight are awake: six of seven, and two of the three of oversight
        voteFor(id, 0x0017 | 0x0020);
        assertPassing(id, false);
        vote(id, 6, Support.For);
        assertPassing(id, true);
    }

    /// @dev A chamber of which half or more is awake is asked, without its dormant seats.
    function test_replaceSeat_asksAChamberThatIsMostlyAwake() public {
        makeDormant(0, 0x6000); // two of five of the public
        uint256 id = proposeReplacement(13);
        voteFor(id, BUILDERS | OVERSIGHT | 0x400); // 11 of 13; one of three of the public
        QuorumState memory q = council.quorumState(id);
        assertEq(q.chambers[2].size, 3, "awake in the public");
        assertEq(q.chambers[2].needed, 2, "more than half of them");
        assertFalse(q.passing, "not without the public");
        vote(id, 11, Support.For);
        assertPassing(id, true);
    }

    /// @dev The seats that are awake in a chamber that mostly is not still count among all.
    function test_replaceSeat_countsTheFewAwakeOfADormantChamber() public {
        makeDormant(0, FOUR_PUBLIC);
        uint256 id = proposeReplacement(14);
        QuorumState memory q = council.quorumState(id);
        assertEq(q.size, 11, "awake");
        assertEq(q.needed, 9, "4/5 of them");
        assertEq(q.chambers[2].needed, 0, "the public need not agree");
        assertTrue(q.chambers[2].agrees, "and is counted as agreeing");
        voteFor(id, 0x00ff);
        assertPassing(id, false); // eight
        vote(id, 10, Support.For);
        assertPassing(id, true);
    }

    /// @dev Suspended seats are not dormant: they keep their place in what is counted (R-Seats-11).
    function test_replaceSeat_isNotHelpedByASuspension() public {
        makeDormant(0, PUBLIC);
        suspend(4);
        suspend(9);
        uint256 id = proposeReplacement(10);
        assertEq(council.quorumState(id).size, 10, "of all ten");
        voteFor(id, 0x000f | 0x00e0);
        assertPassing(id, false); // seven of eight live ones
        vote(id, 8, Support.For);
        assertPassing(id, true);
    }

    /// @dev R-Seats-24: what is left of one chamber must not fill the others with its friends.
    function test_replaceSeat_leavesNobodyOut_unlessTwoChambersAreAwake() public {
        makeDormant(0, PUBLIC | OVERSIGHT);
        uint256 id = proposeReplacement(10);
        voteFor(id, BUILDERS);
        QuorumState memory q = council.quorumState(id);
        assertEq(q.size, 15, "all count");
        assertEq(q.needed, 12, "4/5 of all");
        assertFalse(q.passing, "one chamber decides nothing");
        warpToEta(id);
        assertState(id, ProposalState.Defeated, "nor ever will");
    }

    function testFuzz_replacementRoster_leavesOutTheDormant(uint16 dormant) public {
        dormant = uint16(dormant & EVERYONE & ~uint64(1));
        makeDormant(0, dormant);
        (uint256 awake, uint256 exempt) = seats.replacementRoster(1, uint40(nowAt()));
        uint256 whole = seats.chamberMasks(1);
        uint256 mostlyAwake;
        for (uint256 c; c < 3; ++c) {
            uint256 silent;
            for (uint256 i = 5 * c; i < 5 * c + 5; ++i) {
                if (dormant >> i & 1 == 1) ++silent;
            }
            if (2 * silent <= 5) ++mostlyAwake;
        }
        for (uint256 c; c < 3; ++c) {
            uint256 lane = uint64(whole >> 64 * c);
            bool leftOut = mostlyAwake >= 2;
            assertEq(uint64(awake >> 64 * c), leftOut ? lane & ~uint256(dormant) : lane, "awake");
            bool isExempt = leftOut && 2 * bits(lane & dormant) > 5;
            assertEq(exempt >> 64 * c & 1, isExempt ? 1 : 0, "exempt");
        }
        (awake, exempt) = seats.replacementRoster(1, uint40(nowAt() - 1));
        assertEq(awake, whole, "nobody was dormant a second before");
    }

    /// @dev Half of a chamber is not most of it.
    function test_replacementRoster_asksAChamber_ofWhichHalfIsAwake() public {
        change(batch(newcomer(15, 2))); // 5 + 5 + 6
        makeDormant(0, 0x1c00); // three of six
        (uint256 awake, uint256 exempt) = seats.replacementRoster(2, uint40(nowAt()));
        assertEq(exempt, 0, "the public is asked");
        assertEq(awake >> 128, 0xe000, "its other three");
        makeDormant(0, 0x2000); // a fourth
        (awake, exempt) = seats.replacementRoster(2, uint40(nowAt()));
        assertEq(exempt, 1 << 128, "the public need not agree");
        assertEq(awake >> 128, 0xc000, "two are left");
    }

    // --- what it does

    function test_replaceSeat_waitsNinetyDays_andReplaces() public {
        makeDormant(0, PUBLIC);
        bytes memory action = replacing(10, newcomer(15, 2));
        uint256 id = propose(ActionKind.ReplaceSeat, action);
        voteFor(id, BUILDERS | OVERSIGHT);
        assertEq(council.proposalEta(id), council.proposalDeadline(id) + 90 days, "eta");
        vm.warp(council.proposalEta(id) - 1);
        assertState(id, ProposalState.Queued, "not yet");
        vm.warp(council.proposalEta(id));
        council.execute(id, ActionKind.ReplaceSeat, action);
        assertStanding(10, ISeats.Standing.None, "gone");
        ISeats.Seat memory seat = seats.getSeat(15);
        assertEq(seat.chamber, 2, "in its chamber");
        assertEq(seat.votingKey, newcomer(15, 2).votingKey, "the replacement");
        assertEq(seats.liveMask(), EVERYONE & ~uint64(1 << 10) | 1 << 15, "one for one");
    }

    /// @dev The organisation that has lost both keys comes back with new ones.
    function test_replaceSeat_byTheSameOrganisation() public {
        makeDormant(0, PUBLIC);
        SeatGrant memory replacement = grantOf(10, 2, "DE");
        (replacement.votingKey, replacement.recoveryKey) = (vm.addr(501), vm.addr(502));
        bytes memory action = replacing(10, replacement);
        carryWith(BUILDERS | OVERSIGHT, ActionKind.ReplaceSeat, action);
        (uint8 seat,) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(10))));
        assertEq(seat, 15, "under a new number");
    }

    /// @dev A whole chamber that is dark is replaced by proposals that run beside each other: one that is carried out
    /// does not raise the bar of the next, though the seat that it replaced will never be heard again.
    function test_replaceSeat_aDarkChamber_sideBySide() public {
        makeDormant(0, PUBLIC);
        uint256[5] memory ids;
        for (uint8 i; i < 5; ++i) {
            ids[i] = proposeAs(i, ActionKind.ReplaceSeat, replacing(10 + i, successor(i)));
            voteFor(ids[i], 0x000f | 0x01e0); // eight of ten
        }
        warpToEta(ids[4]);
        for (uint8 i; i < 5; ++i) {
            council.execute(ids[i], ActionKind.ReplaceSeat, replacing(10 + i, successor(i)));
        }
        assertEq(seats.liveMask(), 0x3ff | 0x1f << 15, "ten of the old, five of the new");
    }

    /// @dev Three of five: more than half of a chamber that is awake, which is less than any other tier 4 action needs.
    function test_replaceSeat_isContent_withThreeOfFive_inAChamber() public {
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, BUILDERS | 0x0060);
        assertPassing(id, false);
        voteFor(id, 0x0080);
        assertPassing(id, true);
    }

    /// @dev A number that is given again carries nothing of the silence of who held it.
    function test_replaceSeat_leavesNothing_toTheNextHolderOfTheNumber() public {
        makeDormant(0, PUBLIC);
        carryWith(BUILDERS | OVERSIGHT, ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
        skip(council.longestProposal() + 1);
        change(batch(grantOf(16, 1, "AU")));
        assertStanding(10, ISeats.Standing.Live, "the number is given again");
        assertSilence(10, 0, 0);
        (uint256 awake,) = seats.replacementRoster(3, uint40(nowAt()));
        assertEq(awake >> 64 & 1 << 10, 1 << 10, "it is awake");
    }

    // --- the seat is heard

    function test_replaceSeat_reverts_afterASignOfLife_untilTheEnd(bool afterTheVote) public {
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, BUILDERS | OVERSIGHT);
        if (afterTheVote) warpToEta(id);
        vm.prank(voters[10]);
        seats.answer(10);
        warpToEta(id);
        bytes memory err = notDormant(10, 0, nowAt());
        vm.expectRevert(err);
        council.execute(id, ActionKind.ReplaceSeat, replacing(10, newcomer(15, 2)));
    }

    /// @dev By its own ballot on the very proposal, too.
    function test_replaceSeat_isEnded_byTheSeatsOwnBallot(uint8 support) public {
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, BUILDERS | OVERSIGHT);
        vm.prank(voters[10]);
        council.castVote(id, support % 3);
        assertSilence(10, 0, 0);
        assertEq(council.quorumState(id).size, 11, "and it counts again");
    }

    /// @dev Others that wake up count again, and their yes is needed again.
    function test_replaceSeat_barRises_whenDormantSeatsWakeUp() public {
        makeDormant(0, PUBLIC);
        uint256 id = proposeReplacement(10);
        voteFor(id, 0x000f | 0x01e0); // eight of ten
        assertPassing(id, true);
        for (uint8 seat = 11; seat < 14; ++seat) {
            vm.prank(voters[seat]);
            seats.answer(seat);
        }
        QuorumState memory q = council.quorumState(id);
        assertEq(q.size, 13, "awake");
        assertFalse(q.passing, "eight of thirteen");
        assertFalse(q.chambers[2].agrees, "and the public is awake");
    }

    // --- helpers

    function successor(uint8 i) private pure returns (SeatGrant memory) {
        return grantOf(20 + i, 2, [bytes2("NZ"), "AU", "SE", "NO", "FI"][i]);
    }

    function proposeReplacement(uint8 seat) private returns (uint256) {
        return propose(ActionKind.ReplaceSeat, replacing(seat, newcomer(15, 2)));
    }

    function expectProposalRefused(bytes memory action, bytes memory err) private {
        vm.prank(voters[0]);
        vm.expectRevert(err);
        council.propose(ActionKind.ReplaceSeat, action, "");
    }

    function assertRefusedWhenProposed(uint8 seat, bytes memory err) private {
        expectProposalRefused(replacing(seat, newcomer(15, 2)), err);
    }

    function assertPassing(uint256 id, bool expected) private view {
        assertEq(council.quorumState(id).passing, expected, "passing");
    }

    function bits(uint256 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }
}
