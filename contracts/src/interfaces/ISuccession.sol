// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PinnedCode} from "../types/Actions.sol";

/// @notice The end of a system: once, by a vote of tier 4, for a successor whose code was pinned when it was proposed. And
/// the beginning of the next one: with every stop that was pulled before.
interface ISuccession {
    /// @dev successor is the first of the parts.
    event SuccessorNamed(uint256 indexed proposalId, address indexed successor, PinnedCode[] parts);

    /// @notice R-Brake-15: a successor has between 1 and 16 parts.
    error BadSuccessor(uint256 count);
    /// @notice R-Brake-15: at that address stands other code than the one that was voted for, or none that stays.
    error WrongCode(address account, bytes32 actual, bytes32 required);
    /// @notice R-Brake-15: a part of this system cannot be what follows it.
    error OwnPart(address account);

    /// @notice By anybody, once the predecessor's vote has named this system and until it is activated: the predecessor's next
    /// stops, at most so many. The activation takes over what is left; this is for more than fit into one transaction.
    function importStops(uint64 limit) external;
}
