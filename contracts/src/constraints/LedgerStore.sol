// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../interfaces/IActionTarget.sol";
import {IConstraints} from "../interfaces/IConstraints.sol";
import {ICouncil} from "../interfaces/ICouncil.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {ActionKind, Direction} from "../types/Actions.sol";
import {ActionContext, System} from "../types/System.sol";

/// @dev What Constraints keeps, and what it goes on from. A predecessor's ledger is not copied, where somebody could leave
/// something out: whatever is not written here is read there, and no vote can change it any more (R-Council-30).
abstract contract LedgerStore is IConstraints, ActionTarget {
    /// @dev Six slots instead of the eight that the order of Entry would take.
    struct StoredEntry {
        bytes32 head;
        bytes32 constraintId;
        bytes32 documentHash;
        bytes32 parent;
        uint256 proposalId;
        ActionKind kind;
        uint8 tier;
        uint40 time;
    }

    /// @inheritdoc IConstraints
    address public immutable predecessor;
    bytes32 private immutable CHARTER_HASH;
    IConstraints private immutable BEFORE; // the predecessor's ledger, or none

    /// @inheritdoc IConstraints
    bytes32 public head;
    /// @inheritdoc IConstraints
    bytes32 public genesisHead;
    /// @inheritdoc IConstraints
    uint64 public firstEntry;
    /// @inheritdoc IConstraints
    uint64 public entryCount;

    mapping(uint64 n => StoredEntry) private entries;
    mapping(bytes32 constraintId => Constraint) internal constraintsById;
    mapping(bytes32 constraintId => mapping(bytes32 key => Parameter)) internal parametersByKey;

    constructor(System memory sys, bytes32 charterHash, address predecessor_) ActionTarget(sys) {
        CHARTER_HASH = charterHash;
        predecessor = predecessor_;
        if (predecessor_ != address(0)) {
            BEFORE = IConstraints(IActionTarget(predecessor_).system().constraints);
            return; // without a head until it is named
        }
        bytes32 genesis = keccak256(abi.encode("custodes/ledger/v1", block.chainid, address(this), charterHash));
        genesisHead = genesis;
        head = genesis;
    }

    /// @inheritdoc IConstraints
    function begin(bytes32 charterHash) external onlyCouncil {
        if (charterHash != CHARTER_HASH) {
            revert ICouncil.ActivationMismatch(address(this), CHARTER_HASH, charterHash); // R-Council-16
        }
        if (predecessor == address(0)) return;
        inheritance(); // R-Constraints-10
        BRAKE.importStops(type(uint64).max); // R-Brake-17: what is left of them, so that no stop can come between
        uint64 count = BEFORE.entryCount();
        bytes32 last = BEFORE.head();
        (firstEntry, entryCount) = (count, count);
        (genesisHead, head) = (last, last);
        emit LedgerInherited(predecessor, count, last);
    }

    /// @inheritdoc IConstraints
    function inheritance() public view returns (System memory) {
        if (predecessor == address(0) || head != 0) revert NothingToInherit(); // R-Constraints-10
        address named = ICouncil(predecessor).successor();
        if (named != address(COUNCIL)) revert NotItsSuccessor(predecessor, named); // R-Constraints-10
        return IActionTarget(predecessor).system();
    }

    /// @inheritdoc IConstraints
    function entry(uint64 n) external view returns (Entry memory) {
        if (n < firstEntry) return BEFORE.entry(n);
        assert(n < entryCount);
        StoredEntry memory stored = entries[n];
        return Entry({
            head: stored.head,
            kind: stored.kind,
            constraintId: stored.constraintId,
            documentHash: stored.documentHash,
            parent: stored.parent,
            tier: stored.tier,
            proposalId: stored.proposalId,
            time: stored.time
        });
    }

    /// @inheritdoc IConstraints
    function getConstraint(bytes32 constraintId) external view returns (Constraint memory) {
        return _constraint(constraintId);
    }

    /// @inheritdoc IConstraints
    function getParameter(bytes32 constraintId, bytes32 key) external view returns (Parameter memory) {
        return _parameter(constraintId, key);
    }

    /// @dev R-Constraints-11: as the predecessor left it, until a vote here changes it; a retired one, too.
    function _constraint(bytes32 id) internal view returns (Constraint memory current) {
        if (constraintsById[id].status == Status.None && address(BEFORE) != address(0)) {
            return BEFORE.getConstraint(id);
        }
        return constraintsById[id];
    }

    /// @dev R-Constraints-11. Of it alone, which is one slot of three.
    function _status(bytes32 id) internal view returns (Status current) {
        current = constraintsById[id].status;
        if (current == Status.None && address(BEFORE) != address(0)) current = BEFORE.getConstraint(id).status;
    }

    /// @dev R-Constraints-11.
    function _parameter(bytes32 id, bytes32 key) internal view returns (Parameter memory current) {
        current = parametersByKey[id][key];
        if (current.direction == Direction.None && address(BEFORE) != address(0)) {
            current = BEFORE.getParameter(id, key);
        }
    }

    /// @dev R-Constraints-07: the only writer of the head. Returns the new one, which is the constraint's new version.
    function _advance(
        ActionKind kind,
        bytes32 constraintId,
        bytes32 documentHash,
        bytes32 parent,
        ActionContext calldata context
    ) internal returns (bytes32 next) {
        uint64 n = entryCount;
        uint40 time = uint40(block.timestamp);
        next = keccak256(
            abi.encode(head, n, kind, constraintId, documentHash, parent, context.tier, context.proposalId, time)
        );
        head = next;
        entryCount = n + 1;
        entries[n] = StoredEntry({
            head: next,
            constraintId: constraintId,
            documentHash: documentHash,
            parent: parent,
            proposalId: context.proposalId,
            kind: kind,
            tier: context.tier,
            time: time
        });
        emit LedgerAdvanced(n, constraintId, context.proposalId, next, kind, documentHash, parent, context.tier, time);
    }
}
