// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../interfaces/IActionTarget.sol";
import {ICouncil} from "../interfaces/ICouncil.sol";
import {Tiers} from "../libraries/Tiers.sol";
import {ActionKind} from "../types/Actions.sol";
import {Bounds, Parameters} from "../types/Parameters.sol";
import {ActionContext} from "../types/System.sol";
import {CouncilStore} from "./CouncilStore.sol";

/// @dev The Council as the target of its one own action: its parameters, version by version, within immutable bounds.
abstract contract ParameterBook is CouncilStore {
    bytes32 public immutable parametersHash;
    uint40 public immutable longestProposal;

    constructor(Parameters memory initial, Bounds memory bounds_) {
        parametersHash = keccak256(abi.encode(initial, bounds_));
        longestProposal = uint40(Tiers.longestLife(bounds_.max));
        limits = bounds_;
        _adopt(initial, 0);
    }

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        _check(_decode(kind, action));
        return 4;
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        _requireTier(context, 4);
        _adopt(_decode(kind, action), context.proposalId);
    }

    /// @inheritdoc ICouncil
    function parameters() external view returns (uint32 version, Parameters memory current) {
        version = currentVersion;
        current = sets[version];
    }

    /// @inheritdoc ICouncil
    function parametersAt(uint32 version) external view returns (Parameters memory) {
        return sets[version];
    }

    /// @inheritdoc ICouncil
    function bounds() external view returns (Bounds memory) {
        return limits;
    }

    function _adopt(Parameters memory next, uint256 proposalId) private {
        _check(next);
        sets[++currentVersion] = next;
        emit ParametersSet(currentVersion, proposalId, next);
    }

    /// @dev Against the roster of now: parameters under which the live seats could not pass some tier are no parameters.
    function _check(Parameters memory next) private view {
        Tiers.checkBounds(next, limits);
        (uint32 rosterVersion,) = SEATS.roster();
        Tiers.checkSound(next, SEATS.chamberMasks(rosterVersion), SEATS.liveMask());
    }

    function _decode(ActionKind kind, bytes calldata action) private pure returns (Parameters memory) {
        if (kind != ActionKind.SetParameters) revert UnknownAction(kind); // R-Council-20
        return abi.decode(action, (Parameters));
    }
}
