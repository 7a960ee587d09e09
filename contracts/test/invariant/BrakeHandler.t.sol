// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, ConfirmStop, Resume, SuspendSeat} from "../../src/types/Actions.sol";
import {ActionContext, System} from "../../src/types/System.sol";
import {Test} from "../Test.sol";

/// @dev Random pulls on two scopes, lapses, confirmations, resumes, suspensions. It counts by itself, from a plain list
/// of pulls and ends.
contract BrakeHandler is Test {
    struct Pull {
        bytes32 scope;
        uint8 seat;
        uint256 time; // [Unix seconds]
        bool spent; // in a stop
    }

    IBrake private immutable BRAKE;
    ISeats private immutable SEATS;
    address private immutable COUNCIL;
    bytes32 private immutable LINEAGE;
    address[] private voters;
    Pull[] private pulls;
    uint256 private proposals;

    constructor(System memory sys, bytes32 lineage, address[] memory keys) {
        BRAKE = IBrake(sys.brake);
        SEATS = ISeats(sys.seats);
        COUNCIL = sys.council;
        LINEAGE = lineage;
        voters = keys;
    }

    function pull(bool everything, uint8 seat) public {
        bytes32 scope = everything ? bytes32(0) : LINEAGE;
        seat %= uint8(voters.length);
        uint64 reportId = BRAKE.incidentCount();
        bool cites = seat % 2 == 1 && reportId != 0 && _fits(scope, reportId);
        vm.prank(voters[seat]);
        uint64 stopId = cites ? BRAKE.pullCiting(scope, reportId, "") : BRAKE.pull(scope, "report", 1, "");
        pulls.push(Pull(scope, seat, nowAt(), false));
        if (stopId == 0) return;
        for (uint256 i; i < pulls.length; ++i) {
            if (pulls[i].scope == scope) pulls[i].spent = true;
        }
    }

    /// @dev Three seats of three chambers, one of them perhaps in cooldown or suspended.
    function stop(bool everything, uint8 seat) external {
        for (uint8 i; i < 3; ++i) {
            pull(everything, seat % 5 + 5 * i);
        }
    }

    function lapse(uint64 stopId) external {
        stopId = _any(stopId);
        uint40 lapsesAt = BRAKE.getStop(stopId).lapsesAt;
        if (nowAt() < lapsesAt) vm.warp(lapsesAt);
        BRAKE.lapse(stopId);
    }

    function confirm(uint64 stopId) external {
        _enact(address(BRAKE), ActionKind.ConfirmStop, abi.encode(ConfirmStop(_any(stopId))), 1);
    }

    function report(bool everything, uint8 seat) external {
        vm.prank(voters[seat % voters.length]);
        BRAKE.reportIncident(everything ? bytes32(0) : LINEAGE, "report", 2, "");
    }

    /// @dev Two of three, or hardly a resume would succeed.
    function respond(uint64 stopId, uint8 seat) public {
        uint64 reportId = BRAKE.getStop(_any(stopId)).reportId;
        vm.prank(voters[seat % voters.length]);
        BRAKE.respond(reportId, "answer", "");
    }

    function respondAgain(uint64 stopId, uint8 seat) external {
        respond(stopId, seat);
    }

    function resume(uint64 one, uint64 two) external {
        uint64[] memory ids = new uint64[](2);
        (ids[0], ids[1]) = (_any(one), _any(two));
        _enact(address(BRAKE), ActionKind.Resume, abi.encode(Resume(ids)), 3);
    }

    function resumeOne(uint64 one) external {
        uint64[] memory ids = new uint64[](1);
        ids[0] = _any(one);
        _enact(address(BRAKE), ActionKind.Resume, abi.encode(Resume(ids)), 3);
    }

    /// @dev Few, or nobody is left to pull.
    function suspend(uint8 seat) external {
        if (seat % 8 != 0) return;
        seat = seat / 8 % uint8(voters.length);
        _enact(address(SEATS), ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, "evidence")), 1);
    }

    function wait(uint32 time) external {
        vm.warp(nowAt() + time % 2 days);
    }

    /// @dev The seats whose last pull on the scope counts now, from the list.
    function recount(bytes32 scope, uint256 window) external view returns (uint64 mask) {
        for (uint256 i; i < pulls.length; ++i) {
            Pull memory p = pulls[i];
            if (p.scope != scope || p.spent || nowAt() > p.time + window) continue;
            if (SEATS.getSeat(p.seat).standing == ISeats.Standing.Live) mask |= uint64(1) << p.seat;
        }
    }

    function _fits(bytes32 scope, uint64 reportId) private view returns (bool) {
        bytes32 about = BRAKE.getIncident(reportId).scope;
        return about == scope || about == 0 || scope == 0;
    }

    function _any(uint64 stopId) private view returns (uint64) {
        uint64 count = BRAKE.stopCount();
        return count == 0 ? 0 : 1 + stopId % count;
    }

    function _enact(address target, ActionKind kind, bytes memory action, uint8 tier) private {
        vm.prank(COUNCIL);
        IBrake(target).executeAction(kind, action, ActionContext(++proposals, tier));
    }
}
