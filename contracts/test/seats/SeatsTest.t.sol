// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, ChangeSeats, Reclassify, ReplaceSeat, SeatGrant, SuspendSeat} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";

/// @dev Batches and suspensions as the Council would pass them.
abstract contract SeatsTest is Targets {
    bytes32 internal constant EVIDENCE = keccak256("evidence");

    /// @dev An organisation that breaks no rule in that chamber: its jurisdiction is new there.
    function newcomer(uint256 organisation, uint8 chamber) internal pure returns (SeatGrant memory) {
        return grantOf(organisation, chamber, "NZ");
    }

    function batch(uint8[] memory removals, SeatGrant[] memory grants) internal pure returns (bytes memory) {
        return abi.encode(ChangeSeats(removals, grants));
    }

    function batch(SeatGrant memory grant) internal pure returns (bytes memory) {
        return batch(none(), one(grant));
    }

    function suspension(uint8 seat) internal pure returns (bytes memory) {
        return abi.encode(SuspendSeat(seat, EVIDENCE));
    }

    function change(bytes memory action) internal {
        enact(seats, ActionKind.ChangeSeats, action, 4);
    }

    function suspend(uint8 seat) internal {
        enact(seats, ActionKind.SuspendSeat, suspension(seat), 1);
    }

    // --- labels

    function labels(uint8 seat, bytes2 jurisdiction, bytes32 affiliation) internal pure returns (bytes memory) {
        return abi.encode(Reclassify(seat, jurisdiction, affiliation, "rights", EVIDENCE));
    }

    function reclassify(uint8 seat, bytes2 jurisdiction, bytes32 affiliation) internal {
        enact(seats, ActionKind.Reclassify, labels(seat, jurisdiction, affiliation), 4);
    }

    function toJurisdiction(uint8 seat, bytes2 jurisdiction) internal {
        reclassify(seat, jurisdiction, seats.getSeat(seat).affiliation);
    }

    function toAffiliation(uint8 seat, bytes32 affiliation) internal {
        reclassify(seat, seats.getSeat(seat).jurisdiction, affiliation);
    }

    // --- silence

    function countSilence(uint256 by, uint8 seat) internal {
        vm.prank(voters[by]);
        seats.countSilence(seat);
    }

    function challenge(uint256 by, uint8 seat) internal {
        vm.prank(voters[by]);
        seats.challenge(seat);
    }

    /// @dev The seats of the mask stay silent through count and challenge, which the seat `by` asks for.
    function makeDormant(uint256 by, uint64 mask) internal {
        for (uint8 seat; seat < 64; ++seat) {
            if (mask >> seat & 1 == 1) countSilence(by, seat);
        }
        skip(Charter.parameters().dormancy);
        for (uint8 seat; seat < 64; ++seat) {
            if (mask >> seat & 1 == 1) challenge(by, seat);
        }
        skip(Charter.parameters().challengePeriod);
    }

    function replacing(uint8 seat, SeatGrant memory replacement) internal pure returns (bytes memory) {
        return abi.encode(ReplaceSeat(seat, replacement));
    }

    function notCounted(uint8 seat) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISeats.SilenceNotCounted.selector, seat);
    }

    function notDormant(uint8 seat, uint256 answerBy, uint256 required) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISeats.NotDormant.selector, seat, answerBy, required);
    }

    function assertSilence(uint8 seat, uint256 since, uint256 answerBy) internal view {
        assertEq(seats.silenceOf(seat).since, since, "counted since");
        assertEq(seats.silenceOf(seat).answerBy, answerBy, "answer by");
    }

    function assertBatchRefused(bytes memory action, bytes memory err) internal {
        assertRefused(seats, ActionKind.ChangeSeats, action, err);
    }

    function none() internal pure returns (uint8[] memory) {
        return new uint8[](0);
    }

    function noGrants() internal pure returns (SeatGrant[] memory) {
        return new SeatGrant[](0);
    }

    function one(uint8 seat) internal pure returns (uint8[] memory list) {
        list = new uint8[](1);
        list[0] = seat;
    }

    function one(SeatGrant memory grant) internal pure returns (SeatGrant[] memory list) {
        list = new SeatGrant[](1);
        list[0] = grant;
    }

    function two(uint8 a, uint8 b) internal pure returns (uint8[] memory list) {
        list = new uint8[](2);
        (list[0], list[1]) = (a, b);
    }

    function two(SeatGrant memory a, SeatGrant memory b) internal pure returns (SeatGrant[] memory list) {
        list = new SeatGrant[](2);
        (list[0], list[1]) = (a, b);
    }

    function deadlock(uint8 seat, uint8 tier) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISeats.WouldDeadlock.selector, seat, tier);
    }

    function standingRefused(uint8 seat, ISeats.Standing actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISeats.UnexpectedStanding.selector, seat, actual, ISeats.Standing.Live);
    }
}
