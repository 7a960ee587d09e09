// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {Parameters} from "../types/Parameters.sol";
import {ActionContext, System} from "../types/System.sol";
import {Wired} from "./Wired.sol";

/// @dev What the Council's targets share: the parameters in force, and the tier that an executed action must have had.
abstract contract ActionTarget is Wired {
    constructor(System memory sys) Wired(sys) {}

    /// @dev R-Council-18: what the action needs now may be more than what it was voted at.
    function _requireTier(ActionContext calldata context, uint8 required) internal pure {
        if (context.tier < required) revert ICouncil.TierTooLow(context.proposalId, context.tier, required);
    }

    function _parameters() internal view returns (Parameters memory current) {
        (, current) = ICouncil(COUNCIL).parameters();
    }
}
