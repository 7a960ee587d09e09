// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LedgerStore} from "./constraints/LedgerStore.sol";
import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    ParameterSetting,
    RetireConstraint,
    SetParameter
} from "./types/Actions.sol";
import {Parameters} from "./types/Parameters.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title The hash-chained ledger of safety constraints
/// @notice Adding and tightening are easy, loosening is hard, and nothing is ever rewritten. Constraints conjoin: no
/// document can permit what another forbids, so adding one always tightens.
contract Constraints is LedgerStore {
    uint8 private constant TIGHTENING_TIER = 1;
    uint8 private constant LOOSENING_TIER = 3;

    constructor(System memory sys, bytes32 charterHash, address predecessor_)
        LedgerStore(sys, charterHash, predecessor_)
    {}

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind == ActionKind.AddConstraint) {
            _checkAdd(abi.decode(action, (AddConstraint)));
            return TIGHTENING_TIER;
        }
        if (kind == ActionKind.TightenParameter) {
            _checkTighten(abi.decode(action, (SetParameter)));
            return TIGHTENING_TIER;
        }
        if (kind == ActionKind.AmendTighter) {
            _checkAmend(kind, abi.decode(action, (AmendConstraint)));
            return TIGHTENING_TIER;
        }
        if (kind == ActionKind.LoosenParameter) {
            _checkLoosen(abi.decode(action, (SetParameter)));
            return LOOSENING_TIER;
        }
        if (kind == ActionKind.AmendLooser) {
            _checkAmend(kind, abi.decode(action, (AmendConstraint)));
            return LOOSENING_TIER;
        }
        if (kind == ActionKind.RetireConstraint) {
            _checkRetire(abi.decode(action, (RetireConstraint)));
            return LOOSENING_TIER;
        }
        revert UnknownAction(kind);
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        if (kind == ActionKind.AddConstraint) {
            _requireTier(context, TIGHTENING_TIER);
            _add(abi.decode(action, (AddConstraint)), context);
        } else if (kind == ActionKind.TightenParameter) {
            _requireTier(context, TIGHTENING_TIER);
            SetParameter memory change = abi.decode(action, (SetParameter));
            _setParameter(kind, change, _checkTighten(change), context);
        } else if (kind == ActionKind.LoosenParameter) {
            _requireTier(context, LOOSENING_TIER);
            SetParameter memory change = abi.decode(action, (SetParameter));
            _setParameter(kind, change, _checkLoosen(change), context);
        } else if (kind == ActionKind.AmendTighter) {
            _requireTier(context, TIGHTENING_TIER);
            _amend(kind, abi.decode(action, (AmendConstraint)), context);
        } else if (kind == ActionKind.AmendLooser) {
            _requireTier(context, LOOSENING_TIER);
            _amend(kind, abi.decode(action, (AmendConstraint)), context);
        } else if (kind == ActionKind.RetireConstraint) {
            _requireTier(context, LOOSENING_TIER);
            _retire(abi.decode(action, (RetireConstraint)), context);
        } else {
            revert UnknownAction(kind);
        }
    }

    // ---- carrying out --------------------------------------------------------------------------------------------

    function _add(AddConstraint memory action, ActionContext calldata context) private {
        bytes32 id = _checkAdd(action);
        bytes32 documentHash = keccak256(action.document);
        for (uint256 i; i < action.parameters.length; ++i) {
            ParameterSetting memory setting = action.parameters[i];
            parametersByKey[id][setting.key] = Parameter({direction: setting.direction, value: setting.value});
            emit ParameterChanged(id, setting.key, context.proposalId, setting.direction, 0, setting.value);
        }
        bytes32 version = _advance(ActionKind.AddConstraint, id, documentHash, 0, context);
        constraintsById[id] = Constraint({
            status: Status.InForce, expiresAt: action.expiresAt, version: version, documentHash: documentHash
        });
        emit ConstraintAdded(id, context.proposalId, action.name, action.expiresAt, action.document);
    }

    function _setParameter(
        ActionKind kind,
        SetParameter memory change,
        Parameter memory old,
        ActionContext calldata context
    ) private {
        bytes32 id = change.constraintId;
        parametersByKey[id][change.key] = Parameter({direction: old.direction, value: change.value});
        emit ParameterChanged(id, change.key, context.proposalId, old.direction, old.value, change.value);
        bytes32 changeHash = keccak256(abi.encode(change.key, old.direction, old.value, change.value));
        Constraint memory current = _constraint(id);
        current.version = _advance(kind, id, changeHash, change.expectedParent, context);
        constraintsById[id] = current;
    }

    function _amend(ActionKind kind, AmendConstraint memory action, ActionContext calldata context) private {
        _checkAmend(kind, action);
        bytes32 id = action.constraintId;
        bytes32 documentHash = keccak256(action.document);
        bytes32 version = _advance(kind, id, documentHash, action.expectedParent, context);
        constraintsById[id] = Constraint({
            status: Status.InForce, expiresAt: action.expiresAt, version: version, documentHash: documentHash
        });
        emit ConstraintAmended(id, context.proposalId, kind, action.expiresAt, action.document);
    }

    function _retire(RetireConstraint memory action, ActionContext calldata context) private {
        _checkRetire(action);
        bytes32 id = action.constraintId;
        Constraint memory current = _constraint(id);
        current.status = Status.Retired;
        current.version = _advance(ActionKind.RetireConstraint, id, 0, action.expectedParent, context);
        constraintsById[id] = current;
        emit ConstraintRetired(id, context.proposalId);
    }

    // ---- what must hold, at proposal and again at execution ------------------------------------------------------

    function _checkAdd(AddConstraint memory action) private view returns (bytes32 id) {
        id = keccak256(bytes(action.name));
        // R-Constraints-01: a retired id stays used, or a new text could pass for the old constraint.
        if (_status(id) != Status.None) revert ConstraintExists(id);
        _checkExpiry(id, action.expiresAt);
        _checkDocument(action.document);
        // R-Constraints-09. Quadratic on purpose: the list is short, and an ordering rule would burden every author.
        for (uint256 i; i < action.parameters.length; ++i) {
            bytes32 key = action.parameters[i].key;
            if (key == 0 || action.parameters[i].direction == Direction.None) revert BadParameter(id, key);
            for (uint256 j; j < i; ++j) {
                if (action.parameters[j].key == key) revert BadParameter(id, key);
            }
        }
    }

    function _checkTighten(SetParameter memory change) private view returns (Parameter memory old) {
        old = _checkParameter(change);
        bool tighter = old.direction == Direction.Max ? change.value < old.value : change.value > old.value;
        // R-Constraints-04: compared here, so that a looser value cannot be passed off as tighter.
        if (!tighter) revert NotTighter(change.constraintId, change.key, old.direction, old.value, change.value);
    }

    function _checkLoosen(SetParameter memory change) private view returns (Parameter memory old) {
        old = _checkParameter(change);
        bool looser = old.direction == Direction.Max ? change.value > old.value : change.value < old.value;
        // R-Constraints-05: a tightening has its own, easier way; an equal value changes nothing but the version.
        if (!looser) revert NotLooser(change.constraintId, change.key, old.direction, old.value, change.value);
    }

    function _checkParameter(SetParameter memory change) private view returns (Parameter memory old) {
        _checkStanding(change.constraintId, change.expectedParent);
        old = _parameter(change.constraintId, change.key);
        // R-Constraints-09: a change cannot introduce a parameter, its direction is fixed when it is added.
        if (old.direction == Direction.None) revert BadParameter(change.constraintId, change.key);
    }

    function _checkAmend(ActionKind kind, AmendConstraint memory action) private view {
        bytes32 id = action.constraintId;
        uint40 oldExpiry = _checkStanding(id, action.expectedParent).expiresAt;
        _checkExpiry(id, action.expiresAt);
        if (kind == ActionKind.AmendTighter) {
            // R-Constraints-06: an expired constraint denies its whole scope, so to revive it is to loosen.
            _checkExpiry(id, oldExpiry);
            bool shortened = action.expiresAt != 0 && (oldExpiry == 0 || action.expiresAt < oldExpiry);
            if (shortened) revert ExpiryShortened(id, oldExpiry, action.expiresAt);
        }
        _checkDocument(action.document);
    }

    function _checkRetire(RetireConstraint memory action) private view {
        _checkStanding(action.constraintId, action.expectedParent);
    }

    /// @dev R-Constraints-08 and R-Constraints-02. Expired counts as in force: it stands, and denies.
    function _checkStanding(bytes32 id, bytes32 expectedParent) private view returns (Constraint memory current) {
        current = _constraint(id);
        if (current.status != Status.InForce) revert NotInForce(id, current.status);
        if (current.version != expectedParent) revert UnexpectedParent(id, current.version, expectedParent);
    }

    /// @dev R-Constraints-06.
    function _checkExpiry(bytes32 id, uint40 expiresAt) private view {
        if (expiresAt != 0 && expiresAt <= block.timestamp) revert ExpiryPast(id, expiresAt);
    }

    /// @dev R-Constraints-03.
    function _checkDocument(bytes memory document) private view {
        Parameters memory current = _parameters();
        if (document.length == 0 || document.length > current.documentBytes) {
            revert DocumentSize(document.length, current.documentBytes);
        }
    }
}
