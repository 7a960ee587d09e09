// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./IActionTarget.sol";
import {IIncidents} from "./IIncidents.sol";
import {ISuccession} from "./ISuccession.sol";

/// @notice A few seats stop; only many resume. The scope 0 is everything, any other scope is a lineage.
interface IBrake is IActionTarget, IIncidents, ISuccession {
    enum StopStatus {
        None,
        Standing,
        Confirmed, // standing, and never lapses
        Resumed,
        Lapsed
    }

    /// @dev One slot. Everything of this contract that isReleasable reads.
    struct Scope {
        uint40 openedAt; // [Unix seconds]; 0 = no such scope: not permission
        uint32 standing; // stops that stand
        uint32 generation; // lapses so far, and a successor: what ran before never runs again
        uint32 pulled; // stops ever
    }

    struct Stop {
        bytes32 scope;
        StopStatus status;
        uint40 pulledAt; // [Unix seconds]
        uint40 lapsesAt; // [Unix seconds]
        uint64 seats; // who pulled it; 0 where it was inherited
        bytes32 reportHash;
        uint8 severity;
        uint64 reportId; // the report that it cites
        uint32 answersBefore; // to that report when the stop fell: a resume waits for one more
    }

    event ScopeOpened(bytes32 indexed scope);
    event Pulled(
        bytes32 indexed scope,
        uint8 indexed seat,
        uint64 indexed reportId, // 0 = none was filed: reportHash is all there is
        bytes32 reportHash,
        uint8 severity,
        string statement,
        uint8 seats,
        uint8 chambers
    );
    event Stopped(
        uint64 indexed stopId,
        bytes32 indexed scope,
        uint64 indexed reportId,
        uint64 seats,
        bytes32 reportHash,
        uint8 severity,
        uint40 lapsesAt
    );
    event StopConfirmed(uint64 indexed stopId, bytes32 indexed scope, uint256 indexed proposalId);
    event StopResumed(uint64 indexed stopId, bytes32 indexed scope, uint256 indexed proposalId);
    event StopLapsed(uint64 indexed stopId, bytes32 indexed scope, uint64 seats, uint40 cooldownUntil);
    /// @dev A stop of the predecessor: it stands here if it stood there, until a resume.
    event StopInherited(uint64 indexed stopId, bytes32 indexed scope, uint64 indexed reportId, StopStatus status);

    /// @notice R-Brake-01: only a live seat pulls.
    error NotLiveSeat(address account);
    /// @notice R-Brake-03: a stop by that seat lapsed unconfirmed, and it waits out the cooldown on this scope.
    error CoolingDown(uint8 seat, bytes32 scope, uint40 until);
    /// @notice R-Brake-04: the stop is in actual, and this call needs required.
    error UnexpectedStop(uint64 stopId, StopStatus actual, StopStatus required);
    /// @notice R-Brake-05: the stop has not outlived its term.
    error TermNotOver(uint64 stopId, uint40 lapsesAt, uint256 nowAt);
    /// @notice R-Brake-06: a resume names between 1 and 32 standing stops.
    error BadResume(uint256 count);
    /// @notice R-Brake-08: no such scope: a lineage is the id of a registered root model, 0 is everything.
    error UnknownScope(bytes32 scope);
    /// @notice R-Brake-09: a report, or a pull without one, has the hash of its evidence and a severity of 1 to 4.
    error BadReport(bytes32 reportHash, uint8 severity);
    /// @notice R-Brake-10: only Releases opens a lineage's scope.
    error OnlyReleases(address caller);

    /// @notice By a live seat: counts towards a stop for pullWindow. Returns the stop's id if this pull was the k-th; it
    /// then files its report, unless one is filed.
    function pull(bytes32 scope, bytes32 reportHash, uint8 severity, string calldata statement)
        external
        returns (uint64 stopId);

    /// @notice The same, for a report that is filed: its hash and severity are those of the pull.
    function pullCiting(bytes32 scope, uint64 reportId, string calldata statement) external returns (uint64 stopId);

    /// @notice By anybody, after brakeTerm without a confirmation. Revives nothing.
    function lapse(uint64 stopId) external;

    /// @notice Only Releases, when it registers the root of a lineage.
    function openScope(bytes32 scope) external;

    function getScope(bytes32 scope) external view returns (Scope memory);

    /// @notice All that bears on a lineage: its own scope, and that of everything.
    function getScopes(bytes32 lineage) external view returns (Scope memory own, Scope memory everything);

    /// @notice Whether a stop stands on the lineage or on everything.
    function isStopped(bytes32 lineage) external view returns (bool);

    /// @notice Stops ever pulled on the lineage and on everything: it changes whenever one more falls.
    function stopsSeen(bytes32 lineage) external view returns (uint64);

    /// @notice When a stop last lapsed on the lineage or on everything; 0 = never. Releases proposed before need tier 3.
    function lapsedAt(bytes32 lineage) external view returns (uint40);

    function stopCount() external view returns (uint64);

    /// @notice Ids count from 1.
    function getStop(uint64 stopId) external view returns (Stop memory);

    /// @notice The live pulls on a scope: seats, and how many chambers they span.
    function pendingPulls(bytes32 scope) external view returns (uint64 seats, uint8 count, uint8 chambers);

    function cooldownUntil(bytes32 scope, uint8 seat) external view returns (uint40);
}
