// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CommitteeStore} from "./committee/CommitteeStore.sol";
import {DkgBoard} from "./committee/DkgBoard.sol";
import {UnlockBus} from "./committee/UnlockBus.sol";
import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {ActionKind, FormCommittee} from "./types/Actions.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title The committee of oracles: its key, made without a dealer, and the bus on which it answers
/// @notice An oracle's answer is accepted only while the release is in force, after t oracles approved, and if it verifies.
contract Committee is DkgBoard, UnlockBus {
    uint8 private constant FORM_TIER = 4;

    constructor(System memory sys) CommitteeStore(sys) {}

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        _checkFormation(_decode(kind, action), action);
        return FORM_TIER;
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        FormCommittee memory formation = _decode(kind, action);
        _checkFormation(formation, action);
        _requireTier(context, FORM_TIER);
        _start(formation, context.proposalId);
    }

    function _decode(ActionKind kind, bytes calldata action) private pure returns (FormCommittee memory) {
        if (kind != ActionKind.FormCommittee) revert UnknownAction(kind); // R-Council-20
        return abi.decode(action, (FormCommittee));
    }
}
