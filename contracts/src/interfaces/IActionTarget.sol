// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../types/Actions.sol";
import {ActionContext, System} from "../types/System.sol";

/// @notice A contract whose state only executed proposals change. It decodes its own actions.
interface IActionTarget {
    /// @notice R-Council-19: only the Council may call this.
    error OnlyCouncil(address caller);
    /// @notice R-Council-20: this contract does not carry out actions of that kind.
    error UnknownAction(ActionKind kind);
    /// @notice R-Seats-21: a contract that signs for a seat must be given its gas, and the call has too little left.
    error NotEnoughGas(uint256 actual, uint256 required);

    /// @notice The six contracts that this one was wired to at construction.
    function system() external view returns (System memory);

    /// @notice Reverts with the reason if the action could not be carried out now; otherwise the tier that it needs now.
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier);

    /// @notice Carries out an action that was voted. Checks every precondition again. Only the Council.
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context) external;
}
