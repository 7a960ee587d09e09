// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The six contracts. Every one holds all six as immutables; activation checks that they agree.
struct System {
    address seats;
    address council;
    address constraints;
    address releases;
    address brake;
    address committee;
}

/// @dev What an executed proposal tells its target.
struct ActionContext {
    uint256 proposalId;
    uint8 tier; // effective tier
}
