// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BrakeStore} from "./brake/BrakeStore.sol";
import {Inheritance} from "./brake/Inheritance.sol";
import {Succession} from "./brake/Succession.sol";
import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {IBrake} from "./interfaces/IBrake.sol";
import {ICouncil} from "./interfaces/ICouncil.sol";
import {ISeats} from "./interfaces/ISeats.sol";
import {ActionKind, ConfirmStop, NameSuccessor, Resume} from "./types/Actions.sol";
import {Parameters} from "./types/Parameters.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title The brake
/// @notice A few seats of two chambers stop a lineage of models, or everything, at once. Only a vote of tier 3 lets
/// what was stopped run again. Stops never block the Council.
contract Brake is Inheritance, Succession {
    uint8 private constant CONFIRM_TIER = 1;
    uint8 private constant RESUME_TIER = 3;
    uint8 private constant SUCCESSOR_TIER = 4;
    uint256 private constant MAX_RESUMED = 32;
    uint8 private constant MIN_CHAMBERS = 2;

    struct Cooldown {
        uint40 until; // [Unix seconds]
        uint40 pulledAt; // of the stop that lapsed: it binds the organisation that held the seat number then
    }

    mapping(bytes32 scope => uint40) private lastLapse; // [Unix seconds]
    mapping(bytes32 scope => uint64) private pulling; // seats with a pull since the last stop; pruned when read
    mapping(bytes32 scope => mapping(uint8 seat => uint40)) private pulledAt; // [Unix seconds]
    mapping(bytes32 scope => mapping(uint8 seat => Cooldown)) private cooldowns;

    constructor(System memory sys) BrakeStore(sys) {}

    /// @inheritdoc IBrake
    function pull(bytes32 scope, bytes32 reportHash, uint8 severity, string calldata statement)
        external
        returns (uint64 stopId)
    {
        _checkPull(scope);
        _checkReport(reportHash, severity);
        return _pull(scope, 0, reportHash, severity, statement);
    }

    /// @inheritdoc IBrake
    function pullCiting(bytes32 scope, uint64 reportId, string calldata statement) external returns (uint64 stopId) {
        _checkPull(scope);
        Incident memory report = _getReport(reportId);
        // R-Brake-12: what is wrong with one lineage is a reason to stop it or everything, not another lineage.
        if (report.scope != scope && report.scope != EVERYTHING && scope != EVERYTHING) {
            revert ReportElsewhere(reportId, report.scope, scope);
        }
        return _pull(scope, reportId, report.evidenceHash, report.severity, statement);
    }

    /// @inheritdoc IBrake
    function lapse(uint64 stopId) external {
        Stop memory stop = getStop(stopId);
        // R-Brake-04: once confirmed it never lapses.
        if (stop.status != StopStatus.Standing) revert UnexpectedStop(stopId, stop.status, StopStatus.Standing);
        if (block.timestamp < stop.lapsesAt) revert TermNotOver(stopId, stop.lapsesAt, block.timestamp); // R-Brake-05
        Parameters memory current = _parameters();
        uint40 until = uint40(block.timestamp) + current.cooldown;

        stops[stopId - 1].status = StopStatus.Lapsed;
        scopes[stop.scope].standing -= 1;
        // R-Brake-07: what ran before the lapse recorded an older generation, so nothing that was stopped revives.
        scopes[stop.scope].generation += 1;
        lastLapse[stop.scope] = uint40(block.timestamp);
        for (uint8 seat; seat < 64; ++seat) {
            if (stop.seats >> seat & 1 == 1) cooldowns[stop.scope][seat] = Cooldown(until, stop.pulledAt);
        }
        emit StopLapsed(stopId, stop.scope, stop.seats, until);
    }

    /// @inheritdoc IBrake
    function openScope(bytes32 scope) external {
        if (msg.sender != address(RELEASES)) revert OnlyReleases(msg.sender); // R-Brake-10
        // Releases opens a scope once, since it registers no model twice; a repetition would lift no stop.
        _open(scope);
    }

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind == ActionKind.ConfirmStop) {
            _checkConfirm(abi.decode(action, (ConfirmStop)));
            return CONFIRM_TIER;
        }
        if (kind == ActionKind.Resume) {
            _checkResume(abi.decode(action, (Resume)));
            return RESUME_TIER;
        }
        if (kind == ActionKind.NameSuccessor) {
            _checkSuccessor(abi.decode(action, (NameSuccessor)));
            return SUCCESSOR_TIER;
        }
        revert UnknownAction(kind);
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        if (kind == ActionKind.ConfirmStop) {
            _requireTier(context, CONFIRM_TIER);
            _confirm(abi.decode(action, (ConfirmStop)), context.proposalId);
        } else if (kind == ActionKind.Resume) {
            _requireTier(context, RESUME_TIER);
            _resume(abi.decode(action, (Resume)), context.proposalId);
        } else if (kind == ActionKind.NameSuccessor) {
            _requireTier(context, SUCCESSOR_TIER);
            _succeed(abi.decode(action, (NameSuccessor)), context.proposalId);
        } else {
            revert UnknownAction(kind);
        }
    }

    /// @inheritdoc IBrake
    function getScope(bytes32 scope) external view returns (Scope memory) {
        return scopes[scope];
    }

    /// @inheritdoc IBrake
    function getScopes(bytes32 lineage) external view returns (Scope memory own, Scope memory everything) {
        return (scopes[lineage], scopes[EVERYTHING]);
    }

    /// @inheritdoc IBrake
    function isStopped(bytes32 lineage) external view returns (bool) {
        _checkScope(lineage);
        return scopes[lineage].standing != 0 || scopes[EVERYTHING].standing != 0;
    }

    /// @inheritdoc IBrake
    function stopsSeen(bytes32 lineage) external view returns (uint64) {
        _checkScope(lineage);
        uint64 everywhere = scopes[EVERYTHING].pulled;
        return lineage == EVERYTHING ? everywhere : everywhere + scopes[lineage].pulled;
    }

    /// @inheritdoc IBrake
    function lapsedAt(bytes32 lineage) external view returns (uint40) {
        _checkScope(lineage);
        uint40 here = lastLapse[lineage];
        uint40 everywhere = lastLapse[EVERYTHING];
        return here > everywhere ? here : everywhere;
    }

    /// @inheritdoc IBrake
    function stopCount() external view returns (uint64) {
        return uint64(stops.length);
    }

    /// @inheritdoc IBrake
    function pendingPulls(bytes32 scope) external view returns (uint64 seats, uint8 count, uint8 chambers) {
        Parameters memory current = _parameters();
        return _countPulls(scope, current.pullWindow);
    }

    /// @inheritdoc IBrake
    function getStop(uint64 stopId) public view returns (Stop memory stop) {
        if (stopId != 0 && stopId <= stops.length) stop = stops[stopId - 1];
    }

    /// @inheritdoc IBrake
    function cooldownUntil(bytes32 scope, uint8 seat) public view returns (uint40) {
        Cooldown memory cooldown = cooldowns[scope][seat];
        if (cooldown.until == 0 || _isGrantedAfter(seat, cooldown.pulledAt)) return 0;
        return cooldown.until;
    }

    function _checkPull(bytes32 scope) private view {
        if (!COUNCIL.active()) revert ICouncil.NotActive(); // R-Council-16
        _checkScope(scope);
    }

    function _pull(bytes32 scope, uint64 reportId, bytes32 reportHash, uint8 severity, string calldata statement)
        private
        returns (uint64 stopId)
    {
        (uint8 seat, ISeats.Standing standing) = SEATS.act(msg.sender);
        if (standing != ISeats.Standing.Live) revert NotLiveSeat(msg.sender); // R-Brake-01
        uint40 until = cooldownUntil(scope, seat);
        if (block.timestamp < until) revert CoolingDown(seat, scope, until); // R-Brake-03

        Parameters memory current = _parameters();
        pulling[scope] |= uint64(1) << seat;
        pulledAt[scope][seat] = uint40(block.timestamp);
        (uint64 mask, uint8 count, uint8 chambers) = _countPulls(scope, current.pullWindow);
        pulling[scope] = mask;
        emit Pulled(scope, seat, reportId, reportHash, severity, statement, count, chambers);

        // R-Brake-02: k seats in all, spanning two chambers.
        if (count < current.pullSeats || chambers < MIN_CHAMBERS) return 0;
        pulling[scope] = 0;
        if (reportId == 0) reportId = _file(scope, scope, reportHash, severity, statement);
        uint40 lapsesAt = uint40(block.timestamp) + current.brakeTerm;
        stops.push(
            Stop({
                scope: scope,
                status: StopStatus.Standing,
                pulledAt: uint40(block.timestamp),
                lapsesAt: lapsesAt,
                seats: mask,
                reportHash: reportHash,
                severity: severity,
                reportId: reportId,
                answersBefore: getIncident(reportId).answers
            })
        );
        stopId = uint64(stops.length);
        scopes[scope].standing += 1;
        scopes[scope].pulled += 1;
        emit Stopped(stopId, scope, reportId, mask, reportHash, severity, lapsesAt);
    }

    function _confirm(ConfirmStop memory action, uint256 proposalId) private {
        _checkConfirm(action);
        Stop storage stop = stops[action.stopId - 1];
        stop.status = StopStatus.Confirmed;
        emit StopConfirmed(action.stopId, stop.scope, proposalId);
    }

    function _resume(Resume memory action, uint256 proposalId) private {
        _checkResume(action);
        for (uint256 i; i < action.stopIds.length; ++i) {
            Stop storage stop = stops[action.stopIds[i] - 1];
            stop.status = StopStatus.Resumed;
            scopes[stop.scope].standing -= 1;
            emit StopResumed(action.stopIds[i], stop.scope, proposalId);
        }
    }

    function _checkConfirm(ConfirmStop memory action) private view {
        StopStatus status = getStop(action.stopId).status;
        // R-Brake-04
        if (status != StopStatus.Standing) revert UnexpectedStop(action.stopId, status, StopStatus.Standing);
    }

    /// @dev R-Brake-06: exact ids, so that a resume cannot lift a stop that its voters had not seen. R-Brake-14: nor one
    /// whose report nobody answered before they voted; a later report stops nothing by itself, but k seats may pull on it.
    function _checkResume(Resume memory action) private view {
        uint256 count = action.stopIds.length;
        if (count == 0 || count > MAX_RESUMED) revert BadResume(count);
        for (uint256 i; i < count; ++i) {
            uint64 stopId = action.stopIds[i];
            Stop memory stop = getStop(stopId);
            StopStatus status = stop.status;
            for (uint256 j; j < i; ++j) {
                if (action.stopIds[j] == stopId) status = StopStatus.Resumed; // by this action itself
            }
            if (status != StopStatus.Standing && status != StopStatus.Confirmed) {
                revert UnexpectedStop(stopId, status, StopStatus.Standing); // R-Brake-04
            }
            if (getIncident(stop.reportId).answers <= stop.answersBefore) {
                revert Unanswered(stopId, stop.reportId); // R-Brake-14
            }
        }
    }

    /// @dev R-Brake-02: pulls count within the window, and from seats that are live now.
    function _countPulls(bytes32 scope, uint40 window) private view returns (uint64 mask, uint8 count, uint8 chambers) {
        uint64 candidates = pulling[scope] & SEATS.liveMask();
        for (uint8 seat; seat < 64; ++seat) {
            if (candidates >> seat & 1 == 0) continue;
            uint40 time = pulledAt[scope][seat];
            if (block.timestamp > uint256(time) + window || _isGrantedAfter(seat, time)) continue;
            mask |= uint64(1) << seat;
            ++count;
        }
        (uint32 version,) = SEATS.roster();
        for (uint256 masks = SEATS.chamberMasks(version); masks != 0; masks >>= 64) {
            if (uint64(masks) & mask != 0) ++chambers;
        }
    }

    /// @dev A seat number is granted again some time after a removal; the new organisation answers for nothing of the
    /// old.
    function _isGrantedAfter(uint8 seat, uint40 time) private view returns (bool) {
        return SEATS.getSeat(seat).grantedAt > time;
    }
}
