// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, SeatGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev In the test charter the seats of a chamber have the jurisdictions DE, JP, BR, KE, CA, and all were granted in one
/// transaction: of those the one with the higher number is the later.
contract ReclassifyTest is SeatsTest {
    // --- refusals: for what it cannot mean, never for what it reveals

    function test_reclassify_reverts_unlessFromTheCouncil(address caller) public {
        assertOnlyCouncil(seats, ActionKind.Reclassify, labels(0, "DE", EVIDENCE), caller);
    }

    function test_reclassify_needsTier4() public {
        assertTier(seats, ActionKind.Reclassify, labels(0, "DE", EVIDENCE), 4);
    }

    function test_reclassify_reverts_whenNobodyHoldsIt(uint8 seat) public {
        seat = uint8(bound(seat, 15, 255));
        bytes memory action = labels(seat, "DE", EVIDENCE);
        assertRefused(seats, ActionKind.Reclassify, action, standingRefused(seat, ISeats.Standing.None));
    }

    function test_reclassify_reverts_withoutALabel(uint8 seat, bool where) public {
        seat %= 15;
        bytes memory action = where ? labels(seat, 0, EVIDENCE) : labels(seat, "DE", 0);
        assertRefused(
            seats, ActionKind.Reclassify, action, abi.encodeWithSelector(ISeats.MalformedLabels.selector, seat)
        );
    }

    // --- what it changes

    function test_reclassify_setsTheLabels_andNothingElse(uint8 seat, bytes2 jurisdiction, bytes32 affiliation) public {
        seat %= 15;
        vm.assume(jurisdiction != 0 && affiliation != 0);
        for (uint8 i; i < 15; ++i) {
            vm.assume(seats.getSeat(i).jurisdiction != jurisdiction && seats.getSeat(i).affiliation != affiliation);
        }
        ISeats.Seat memory expected = seats.getSeat(seat);
        (expected.jurisdiction, expected.affiliation, expected.framework) = (jurisdiction, affiliation, "rights");
        vm.expectEmit(address(seats));
        emit ISeats.SeatReclassified(seat, expected.organisationId, jurisdiction, affiliation, "rights", EVIDENCE);
        reclassify(seat, jurisdiction, affiliation);
        assertEq(abi.encode(seats.getSeat(seat)), abi.encode(expected), "the record");
        assertEq(seats.liveMask(), EVERYONE, "nobody is suspended");
        (uint32 version,) = seats.roster();
        assertEq(version, 1, "the roster is the same");
    }

    function test_reclassify_succeeds_forASuspendedSeat_andSuspendsNobody(uint8 seat) public {
        seat = seat % 14 + 1;
        suspend(seat);
        toAffiliation(seat, seats.getSeat(0).affiliation);
        assertEq(seats.liveMask(), EVERYONE & ~(uint64(1) << seat), "only the one that was");
    }

    /// @dev Nor does it end the breach of others that live: it has no voice that would count with theirs.
    function test_reclassify_healsNothing_forASuspendedSeat() public {
        toJurisdiction(6, "DE");
        change(batch(two(8, 9), two(grantOf(15, 1, "NZ"), grantOf(16, 1, "AU"))));
        change(batch(one(7), noGrants())); // two of four
        change(batch(one(15), noGrants())); // two of three
        suspend(16);
        vm.recordLogs();
        toJurisdiction(16, "DE");
        assertEq(vm.getRecordedLogs().length, 1, "the reclassification alone");
    }

    // --- breaches

    /// @dev Who is suspended has no voice, and makes no group with one who has.
    function test_reclassify_countsLiveSeatsAlone() public {
        suspend(1);
        toAffiliation(8, seats.getSeat(1).affiliation);
        assertEq(seats.liveMask(), EVERYONE & ~uint64(2), "only the one that was");
    }

    /// @dev Half of six, one of which has the number 0, that was another chamber's.
    function test_reclassify_countsAChamber_byAllItsSeats() public {
        change(batch(one(0), noGrants()));
        vm.warp(START + council.longestProposal() + 1);
        change(batch(grantOf(15, 1, "DE")));
        assertEq(seats.getSeat(0).chamber, 1, "number 0, of another chamber");
        toJurisdiction(6, "DE");
        (, uint64 roster) = seats.roster();
        assertEq(seats.liveMask(), roster, "three of six");
    }

    /// @dev R-Seats-19. Whoever of the two is reclassified, the later of them is suspended.
    function test_reclassify_suspendsTheLaterOfAGroup(uint8 a, uint8 b) public {
        (a, b) = (a % 15, b % 15);
        if (a == b) return;
        uint8 later = a > b ? a : b;
        bytes32 affiliation = seats.getSeat(b).affiliation;
        vm.expectEmit(address(seats));
        emit ISeats.SeatSuspended(later, seats.getSeat(later).organisationId, EVIDENCE);
        toAffiliation(a, affiliation);
        assertEq(seats.getSeat(a).affiliation, affiliation, "the label stands");
        assertEq(seats.liveMask(), EVERYONE & ~(uint64(1) << later), "the later one is suspended");
    }

    /// @dev Later is by the time of the grant, whatever the numbers.
    function test_reclassify_suspendsTheOneThatWasGrantedLater() public {
        change(batch(one(2), noGrants()));
        vm.warp(START + council.longestProposal() + 1);
        change(batch(newcomer(15, 0))); // gets number 2
        toAffiliation(9, seats.getSeat(2).affiliation);
        assertStanding(2, ISeats.Standing.Suspended, "granted later, with the lower number");
        assertStanding(9, ISeats.Standing.Live, "of the beginning");
    }

    function test_reclassify_suspendsNobody_whileAJurisdictionHoldsHalf(uint8 chamber) public {
        uint8 first = 5 * (chamber % 3);
        toJurisdiction(first + 3, "DE");
        assertEq(seats.liveMask(), EVERYONE, "two of five");
    }

    function test_reclassify_suspendsTheLatest_whenAJurisdictionHoldsMore(uint8 chamber, uint8 a, uint8 b) public {
        uint8 first = 5 * (chamber % 3);
        (a, b) = (first + 1 + a % 4, first + 1 + b % 4);
        if (a == b) return;
        toJurisdiction(a, "DE");
        toJurisdiction(b, "DE");
        uint8 later = a > b ? a : b;
        assertEq(seats.liveMask(), EVERYONE & ~(uint64(1) << later), "of three of five, the latest");
        assertTrue(seats.getSeat(b).jurisdiction == "DE", "the label stands");
    }

    function test_reclassify_ignoresOtherChambers() public {
        for (uint8 seat = 1; seat < 15; seat += 5) {
            toJurisdiction(seat, "DE");
        }
        assertEq(seats.liveMask(), EVERYONE, "two in each");
    }

    /// @dev A removal is never refused for diversity (R-Seats-17), so a jurisdiction can come to hold more than half. The
    /// next reclassification there heals it, whatever it takes.
    function test_reclassify_suspendsUntilIndependent_whenSeveralBreach() public {
        SeatGrant[] memory more = new SeatGrant[](2);
        (more[0], more[1]) = (grantOf(15, 1, "NZ"), grantOf(16, 1, "AU"));
        change(batch(none(), more)); // 5 + 7 + 5
        toJurisdiction(6, "DE");
        toJurisdiction(7, "DE"); // three of seven
        change(batch(two(8, 9), noGrants())); // three of five
        assertEq(seats.liveMask(), 0x1ffff & ~uint64(0x300), "nobody is suspended by a removal");
        toJurisdiction(7, "DE");
        assertStanding(7, ISeats.Standing.Suspended, "the latest of the three");
        assertStanding(6, ISeats.Standing.Live, "two of five are no breach");
    }

    function test_reclassify_healsBothLabels() public {
        toJurisdiction(1, "DE");
        reclassify(2, "DE", seats.getSeat(14).affiliation);
        assertStanding(14, ISeats.Standing.Suspended, "the later of the group");
        assertStanding(2, ISeats.Standing.Suspended, "the latest of the jurisdiction");
        assertEq(seats.liveMask(), EVERYONE & ~uint64(0x4004), "no other");
    }

    /// @dev A suspension that would leave some tier out of reach could never be undone: it is withheld, visibly.
    function test_reclassify_withholdsASuspension_thatWouldDeadlock() public {
        suspend(3);
        bytes32 affiliation = seats.getSeat(0).affiliation;
        vm.expectEmit(address(seats));
        emit ISeats.SuspensionWithheld(4, 3);
        toAffiliation(4, affiliation);
        assertEq(seats.getSeat(4).affiliation, affiliation, "the label stands all the same");
        assertEq(seats.liveMask(), EVERYONE & ~uint64(8), "and four of five builders can agree");
    }

    /// @dev One that is withheld saves nobody else of the group.
    function test_reclassify_suspendsTheOthers_whenOneIsWithheld() public {
        suspend(13);
        toAffiliation(9, seats.getSeat(0).affiliation); // suspended
        change(batch(one(9), noGrants()));
        toAffiliation(14, seats.getSeat(0).affiliation); // withheld: the public would have three of five
        toAffiliation(3, seats.getSeat(0).affiliation);
        assertEq(seats.liveMask(), EVERYONE & ~uint64(0x2208), "seat 3, though seat 14 is later");
    }

    /// @dev Nothing that a removal needs is refused for labels that a vote has given.
    function test_reclassify_neverBindsARemoval(uint8 seat) public {
        seat = seat % 14 + 1;
        toAffiliation(seat, seats.getSeat(0).affiliation);
        change(batch(one(seat), noGrants()));
        assertStanding(seat, ISeats.Standing.None, "removed");
    }

    function test_reclassify_bindsTheNextGrant() public {
        toJurisdiction(1, "NZ");
        toJurisdiction(2, "NZ");
        assertBatchRefused(
            batch(none(), two(newcomer(15, 0), newcomer(16, 0))),
            abi.encodeWithSelector(ISeats.JurisdictionTooLarge.selector, uint8(0), bytes2("NZ"), 4, 3)
        );
    }

    function test_reclassify_byVote() public {
        carry(ActionKind.Reclassify, labels(0, "SE", EVIDENCE));
        assertEq(seats.getSeat(0).affiliation, EVIDENCE, "labels");
    }
}
