// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {SeatGrant} from "../../src/types/Actions.sol";
import {Bounds} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev A vacated number rests until every proposal that could count it is dead.
contract SeatNumbersTest is SeatsTest {
    function test_longestProposal_isTwoRoundsAtTheHighestBounds() public view {
        Bounds memory b = Charter.bounds();
        uint256 round = uint256(b.max.tiers[0].period) + b.max.lateWindow + b.max.tiers[0].timelock + b.max.grace;
        assertEq(council.longestProposal(), 2 * round, "period, extension, delay and grace, twice");
    }

    function test_seatNumber_rests_untilTheLongestProposalIsDead(uint256 elapsed) public {
        change(batch(one(4), noGrants()));
        elapsed = bound(elapsed, 0, council.longestProposal());
        vm.warp(START + elapsed);
        change(batch(newcomer(15, 0)));
        (uint8 seat,) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(15))));
        assertEq(seat, 15, "not the vacated number");
    }

    function test_seatNumber_isGivenAgain_afterItsRest(uint256 elapsed) public {
        change(batch(one(4), noGrants()));
        elapsed = bound(elapsed, uint256(council.longestProposal()) + 1, 3650 days);
        vm.warp(START + elapsed);
        change(batch(newcomer(15, 0)));
        (uint8 seat, ISeats.Standing standing) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(15))));
        assertEq(seat, 4, "the lowest free number");
        assertTrue(standing == ISeats.Standing.Live, "live");
        assertEq(seats.getSeat(4).vacatedAt, 0, "no longer vacated");
        (, standing) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(4))));
        assertTrue(standing == ISeats.Standing.None, "and not the old organisation's");
        (, standing) = seats.seatOf(voters[4]);
        assertTrue(standing == ISeats.Standing.None, "the old key stays spent");
    }

    function test_seatNumber_isGivenAgain_inTheSecondAfterItsRest() public {
        change(batch(one(4), noGrants()));
        vm.warp(START + council.longestProposal());
        change(batch(newcomer(15, 0)));
        vm.warp(START + council.longestProposal() + 1);
        change(batch(grantOf(16, 0, "AU")));
        (uint8 seat,) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(15))));
        assertEq(seat, 15, "in the last second of the rest");
        (seat,) = seats.seatOfOrganisation(keccak256(bytes(Charter.name(16))));
        assertEq(seat, 4, "in the second after it");
    }

    function test_changeSeats_reverts_whenEveryNumberIsTakenOrRests() public {
        SeatGrant[] memory grants = new SeatGrant[](49);
        for (uint256 i; i < 49; ++i) {
            grants[i] = grantOf(15 + i, uint8(i % 3), bytes2(uint16(0x4141 + i)));
        }
        change(batch(none(), grants));
        (, uint64 roster) = seats.roster();
        assertEq(roster, type(uint64).max, "full");
        bytes memory err = abi.encodeWithSelector(ISeats.NoFreeSeat.selector);
        assertBatchRefused(batch(newcomer(64, 0)), err);
        // a swap does not get the number that it vacates
        assertBatchRefused(batch(one(20), one(newcomer(64, 0))), err);
    }
}
