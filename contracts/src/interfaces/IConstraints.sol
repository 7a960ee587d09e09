// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind, Direction} from "../types/Actions.sol";
import {System} from "../types/System.sol";
import {IActionTarget} from "./IActionTarget.sol";

/// @notice The hash-chained ledger of safety constraints. They conjoin: none can permit what another forbids.
interface IConstraints is IActionTarget {
    enum Status {
        None,
        InForce,
        Retired
    }

    struct Constraint {
        Status status;
        uint40 expiresAt; // [Unix seconds], 0 = never
        bytes32 version; // the ledger head right after its last change: what expectedParent is compared with
        bytes32 documentHash; // keccak256 of the canonical JSON in force
    }

    struct Parameter {
        Direction direction; // fixed when it is added
        int128 value;
    }

    /// @dev documentHash: of an added or amended document keccak256(document); of a parameter change
    /// keccak256(abi.encode(key, direction, oldValue, newValue)); of a retirement 0.
    struct Entry {
        bytes32 head; // after this entry
        ActionKind kind;
        bytes32 constraintId;
        bytes32 documentHash;
        bytes32 parent; // the constraint's version before, 0 for a new one
        uint8 tier; // effective
        uint256 proposalId;
        uint40 time; // [Unix seconds]
    }

    event ConstraintAdded(
        bytes32 indexed constraintId, uint256 indexed proposalId, string name, uint40 expiresAt, bytes document
    );
    event ConstraintAmended(
        bytes32 indexed constraintId, uint256 indexed proposalId, ActionKind kind, uint40 expiresAt, bytes document
    );
    event ConstraintRetired(bytes32 indexed constraintId, uint256 indexed proposalId);
    event ParameterChanged(
        bytes32 indexed constraintId,
        bytes32 indexed key,
        uint256 indexed proposalId,
        Direction direction,
        int128 oldValue,
        int128 newValue
    );
    event LedgerAdvanced(
        uint64 indexed n,
        bytes32 indexed constraintId,
        uint256 indexed proposalId,
        bytes32 head,
        ActionKind kind,
        bytes32 documentHash,
        bytes32 parent,
        uint8 tier,
        uint40 time
    );

    /// @dev The ledger goes on from its predecessor's: so many entries, and that head.
    event LedgerInherited(address indexed predecessor, uint64 entries, bytes32 head);

    /// @notice R-Constraints-01: that id was used before; ids are never reused.
    error ConstraintExists(bytes32 constraintId);
    /// @notice R-Constraints-02: the change was written against another version of the constraint.
    error UnexpectedParent(bytes32 constraintId, bytes32 actual, bytes32 expected);
    /// @notice R-Constraints-03: the document is empty or longer than the parameters allow.
    error DocumentSize(uint256 actual, uint256 allowed);
    /// @notice R-Constraints-04: the new value is not tighter than the old one.
    error NotTighter(bytes32 constraintId, bytes32 key, Direction direction, int128 oldValue, int128 newValue);
    /// @notice R-Constraints-05: the new value is not looser than the old one.
    error NotLooser(bytes32 constraintId, bytes32 key, Direction direction, int128 oldValue, int128 newValue);
    /// @notice R-Constraints-06: a claimed tightening cannot shorten an expiry; 0 is never.
    error ExpiryShortened(bytes32 constraintId, uint40 oldExpiry, uint40 newExpiry);
    /// @notice R-Constraints-06: an expiry must lie in the future, or be 0.
    error ExpiryPast(bytes32 constraintId, uint40 expiresAt);
    /// @notice R-Constraints-08: no constraint in force has that id.
    error NotInForce(bytes32 constraintId, Status actual);
    /// @notice R-Constraints-09: the parameter is unknown, has no direction, or stands twice.
    error BadParameter(bytes32 constraintId, bytes32 key);
    /// @notice R-Constraints-10: the predecessor's vote has not named this system; actual is whom it named, or zero.
    error NotItsSuccessor(address predecessor, address actual);
    /// @notice R-Constraints-10: there is no predecessor, or everything was taken over.
    error NothingToInherit();

    /// @notice The hash chain over all changes.
    function head() external view returns (bytes32);

    /// @notice The head before the first own entry: the predecessor's last one, and 0 until it is taken over. Without a
    /// predecessor keccak256(abi.encode("custodes/ledger/v1", chainId, this, charterHash)).
    function genesisHead() external view returns (bytes32);

    /// @notice The number of the first own entry: how many the predecessors made.
    function firstEntry() external view returns (uint64);

    /// @notice All entries, those of predecessors included.
    function entryCount() external view returns (uint64);

    /// @notice n counts from 0, from one system to the next. Those below firstEntry are read from the predecessor.
    function entry(uint64 n) external view returns (Entry memory);

    /// @notice The Council of the system that this one follows, or 0.
    function predecessor() external view returns (address);

    /// @notice The predecessor's contracts, while there is something to take over from them. Reverts unless its vote has
    /// named this system.
    function inheritance() external view returns (System memory);

    /// @notice Only the Council, when it is activated: the charter is this ledger's, and all of the predecessor is taken over.
    function begin(bytes32 charterHash) external;

    function getConstraint(bytes32 constraintId) external view returns (Constraint memory);

    function getParameter(bytes32 constraintId, bytes32 key) external view returns (Parameter memory);
}
