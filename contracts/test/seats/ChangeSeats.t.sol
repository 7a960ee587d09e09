// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, KeyKind, SeatGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

contract ChangeSeatsTest is SeatsTest {
    function test_changeSeats_reverts_unlessFromTheCouncil(address caller) public {
        assertOnlyCouncil(seats, ActionKind.ChangeSeats, batch(newcomer(15, 0)), caller);
    }

    function test_seats_refuse_actionsOfOthers(uint8 kind) public {
        kind = uint8(bound(kind, 0, uint8(ActionKind.SetParameters)));
        ActionKind other = ActionKind(kind);
        if (other == ActionKind.ChangeSeats || other == ActionKind.SuspendSeat) return;
        assertRefused(seats, other, "", abi.encodeWithSelector(IActionTarget.UnknownAction.selector, other));
    }

    function test_changeSeats_needsTier4() public {
        assertTier(seats, ActionKind.ChangeSeats, batch(newcomer(15, 0)), 4);
    }

    function test_changeSeats_reverts_whenEmpty() public {
        assertBatchRefused(batch(none(), noGrants()), abi.encodeWithSelector(ISeats.EmptyBatch.selector));
    }

    // --- removals

    function test_changeSeats_reverts_removingASeatThatNobodyHolds(uint8 seat) public {
        seat = uint8(bound(seat, 15, 255));
        assertBatchRefused(batch(one(seat), noGrants()), standingRefused(seat, ISeats.Standing.None));
    }

    function test_changeSeats_reverts_removingOneSeatTwice(uint8 seat) public {
        seat %= 15;
        assertBatchRefused(batch(two(seat, seat), noGrants()), standingRefused(seat, ISeats.Standing.None));
    }

    function test_changeSeats_reverts_leavingAChamberBelowThree() public {
        change(batch(two(0, 1), noGrants()));
        assertBatchRefused(batch(one(2), noGrants()), abi.encodeWithSelector(ISeats.ChamberTooSmall.selector, 0, 2, 3));
    }

    function test_changeSeats_reverts_leavingAChamberAboveHalf() public {
        uint8[] memory removals = new uint8[](4);
        (removals[0], removals[1], removals[2], removals[3]) = (0, 1, 5, 6);
        change(batch(removals, noGrants()));
        change(batch(grantOf(17, 2, "AR"))); // six of twelve are half, no more
        SeatGrant[] memory grants = one(newcomer(15, 2));
        assertBatchRefused(batch(none(), grants), abi.encodeWithSelector(ISeats.ChamberTooLarge.selector, 2, 7, 6));
    }

    function test_changeSeats_removes_whateverDiversityIsLeft() public {
        // oversight becomes DE, DE, JP, BR, KE, then DE, DE, JP: two of three
        change(batch(one(9), one(grantOf(15, 1, "DE"))));
        change(batch(two(7, 8), noGrants()));
        (, uint64 roster) = seats.roster();
        assertEq(roster, EVERYONE & ~uint64(0x0380) | 0x8000, "removed");
        // ... and a grant that does not add to the breach is welcome
        change(batch(newcomer(16, 1)));
        // ... but one that does is not
        assertBatchRefused(
            batch(grantOf(17, 1, "DE")),
            abi.encodeWithSelector(ISeats.JurisdictionTooLarge.selector, 1, bytes2("DE"), 3, 2)
        );
    }

    function test_changeSeats_removesASeat_andSpendsItsKey(uint8 seat) public {
        seat %= 15;
        bytes32 organisation = seats.getSeat(seat).organisationId;
        vm.expectEmit(address(seats));
        emit ISeats.SeatRemoved(seat, organisation);
        change(batch(one(seat), noGrants()));

        assertStanding(seat, ISeats.Standing.None, "removed");
        assertEq(seats.getSeat(seat).vacatedAt, START, "vacated");
        (, ISeats.Standing standing) = seats.seatOf(voters[seat]);
        assertTrue(standing == ISeats.Standing.None, "key votes for nothing");
        (, standing) = seats.seatOfOrganisation(organisation);
        assertTrue(standing == ISeats.Standing.None, "organisation holds no seat");
        assertEq(seats.liveMask(), EVERYONE & ~(uint64(1) << seat), "live");
        (uint32 version, uint64 roster) = seats.roster();
        assertEq(version, 2, "version");
        assertEq(roster, EVERYONE & ~(uint64(1) << seat), "roster");
        assertEq(seats.chamberMasks(1), uint256(BUILDERS) | uint256(OVERSIGHT) << 64 | uint256(PUBLIC) << 128, "old");
        uint256 bit = uint256(1) << 64 * (seat / 5) + seat;
        assertEq(seats.chamberMasks(2), seats.chamberMasks(1) & ~bit, "new");
    }

    // --- grants

    function test_changeSeats_reverts_forAMalformedGrant(uint256 flaw) public {
        SeatGrant memory grant = newcomer(15, 0);
        flaw %= 6;
        if (flaw == 0) grant.chamber = 3;
        if (flaw == 1) grant.chamber = 255;
        if (flaw == 2) grant.organisation = "";
        if (flaw == 3) grant.jurisdiction = 0;
        if (flaw == 4) grant.affiliation = 0;
        if (flaw == 5) grant.kind = KeyKind.None;
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.MalformedGrant.selector, grant.organisation));
    }

    function test_changeSeats_reverts_seatingAnOrganisationAgain(uint8 seat, uint8 chamber) public {
        (seat, chamber) = (seat % 15, chamber % 3);
        SeatGrant memory grant = newcomer(15, chamber);
        grant.organisation = Charter.name(seat);
        bytes32 id = keccak256(bytes(grant.organisation));
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.OrganisationSeated.selector, id, seat));
    }

    function test_changeSeats_grants_upToHalfOfAChamberToAJurisdiction() public {
        change(batch(two(3, 4), noGrants())); // DE, JP, BR
        change(batch(grantOf(15, 0, "DE"))); // two of four
        assertEq(uint256(uint16(seats.getSeat(15).jurisdiction)), uint256(uint16(bytes2("DE"))), "half");
        assertBatchRefused(
            batch(grantOf(16, 0, "DE")),
            abi.encodeWithSelector(ISeats.JurisdictionTooLarge.selector, 0, bytes2("DE"), 3, 2)
        );
    }

    function test_changeSeats_reverts_seatingAGroupAgain_inWhateverChamber(uint8 seat, uint8 chamber) public {
        (seat, chamber) = (seat % 15, chamber % 3);
        SeatGrant memory grant = newcomer(15, chamber);
        grant.affiliation = seats.getSeat(seat).affiliation;
        assertBatchRefused(
            batch(grant), abi.encodeWithSelector(ISeats.AffiliationSeated.selector, grant.affiliation, 15, seat)
        );
    }

    function test_changeSeats_reverts_seatingTwoOfOneGroupAtOnce() public {
        SeatGrant memory a = newcomer(15, 0);
        SeatGrant memory b = newcomer(16, 2);
        b.affiliation = a.affiliation;
        assertBatchRefused(
            batch(none(), two(a, b)), abi.encodeWithSelector(ISeats.AffiliationSeated.selector, a.affiliation, 15, 16)
        );
    }

    function test_changeSeats_reverts_withAKeyThatServedBefore(uint8 seat, bool wasRecovery, bool asRecovery) public {
        seat %= 15;
        address key = wasRecovery ? guardians[seat] : voters[seat];
        SeatGrant memory grant = newcomer(15, 0);
        if (asRecovery) grant.recoveryKey = key;
        else grant.votingKey = key;
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.KeyUsed.selector, key));

        // and after the seat is gone, too
        change(batch(one(seat), noGrants()));
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.KeyUsed.selector, key));
    }

    function test_changeSeats_reverts_withOneKeyForBothRoles() public {
        SeatGrant memory grant = newcomer(15, 0);
        grant.recoveryKey = grant.votingKey;
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.KeyUsed.selector, grant.votingKey));
    }

    function test_changeSeats_reverts_withoutAKey(bool recovery) public {
        SeatGrant memory grant = newcomer(15, 0);
        if (recovery) grant.recoveryKey = address(0);
        else grant.votingKey = address(0);
        assertBatchRefused(batch(grant), abi.encodeWithSelector(ISeats.KeyUsed.selector, address(0)));
    }

    function test_changeSeats_reverts_withOneKeyForTwoGrants(bool fromRecovery, bool toRecovery) public {
        SeatGrant memory a = newcomer(15, 0);
        SeatGrant memory b = newcomer(16, 1);
        address key = fromRecovery ? a.recoveryKey : a.votingKey;
        if (toRecovery) b.recoveryKey = key;
        else b.votingKey = key;
        assertBatchRefused(batch(none(), two(a, b)), abi.encodeWithSelector(ISeats.KeyUsed.selector, key));
    }

    function test_changeSeats_grantsASeat_withTheLowestFreeNumber(uint8 chamber) public {
        chamber %= 3;
        SeatGrant memory grant = newcomer(15, chamber);
        vm.expectEmit(address(seats));
        emit ISeats.SeatGranted(
            15,
            keccak256(bytes(grant.organisation)),
            chamber,
            grant.organisation,
            grant.jurisdiction,
            grant.affiliation,
            grant.framework,
            grant.kind,
            grant.votingKey,
            grant.recoveryKey,
            grant.evidenceHash
        );
        vm.expectEmit(address(seats));
        emit ISeats.RosterChanged(2, EVERYONE | 0x8000, EVERYONE | 0x8000);
        change(batch(grant));
        (uint8 seat, ISeats.Standing standing) = seats.seatOf(grant.votingKey);
        assertEq(seat, 15, "number");
        assertTrue(standing == ISeats.Standing.Live, "live");
        assertEq(seats.chamberMasks(2), seats.chamberMasks(1) | uint256(0x8000) << 64 * chamber, "masks");
    }

    function test_changeSeats_movesASeat_inOneBatch() public {
        // org-0 leaves the builders for the public chamber, under new keys and a new number
        SeatGrant memory grant = newcomer(15, 2);
        grant.organisation = Charter.name(0);
        grant.affiliation = seats.getSeat(0).affiliation;
        change(batch(one(0), one(grant)));
        (uint8 seat, ISeats.Standing standing) = seats.seatOfOrganisation(keccak256(bytes(grant.organisation)));
        assertEq(seat, 15, "new number");
        assertTrue(standing == ISeats.Standing.Live, "live");
        assertEq(seats.getSeat(15).chamber, 2, "new chamber");
    }

    // --- liveness

    function test_changeSeats_reverts_leavingTooFewLiveSeats() public {
        // of the fourteen seats that would remain, twelve must agree at tier 4, and eleven would be live
        suspend(0);
        suspend(10);
        suspend(5);
        assertBatchRefused(batch(one(1), noGrants()), deadlock(255, 4));
    }

    /// @dev R-Seats-12. The lowest of the tiers is the one that is named. Five of 25 may be suspended; of nine they are more
    /// than half.
    function test_changeSeats_reverts_leavingTooFewForTierOne() public {
        SeatGrant[] memory grants = new SeatGrant[](10);
        for (uint8 i; i < 10; ++i) {
            grants[i] = newcomer(15 + i, i < 4 ? 0 : i < 7 ? 1 : 2);
        }
        change(batch(none(), grants));
        uint8[5] memory silent = [0, 1, 5, 6, 10];
        for (uint256 i; i < 5; ++i) {
            suspend(silent[i]);
        }
        uint8[16] memory going = [3, 4, 15, 16, 17, 18, 8, 9, 19, 20, 21, 13, 14, 22, 23, 24];
        uint8[] memory removals = new uint8[](16);
        for (uint256 i; i < 16; ++i) {
            removals[i] = going[i];
        }
        assertBatchRefused(batch(removals, noGrants()), deadlock(type(uint8).max, 1));
    }

    function test_changeSeats_reinstates_aSuspendedSeat() public {
        suspend(0);
        assertEq(seats.liveMask(), EVERYONE & ~uint64(1), "suspended");
        SeatGrant memory grant = newcomer(15, 0);
        grant.organisation = Charter.name(0);
        grant.affiliation = seats.getSeat(0).affiliation;
        change(batch(one(0), one(grant)));
        assertEq(seats.liveMask(), EVERYONE & ~uint64(1) | 0x8000, "live under a new number");
    }
}
