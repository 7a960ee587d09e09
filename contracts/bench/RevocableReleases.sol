// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What a Governor's proposal changes in the benchmark: what Releases does when a release is revoked (one caller, one
/// word read and written, one event), and nothing of what the rest of Releases does.
contract RevocableReleases {
    uint256 private constant ALIVE = 1;
    uint256 private constant REVOKED = 2;

    address private immutable OWNER;
    mapping(bytes32 releaseId => uint256) private statusOf;

    event ReleaseRevoked(bytes32 indexed releaseId, string reason);

    error OnlyOwner(address caller);
    error NotAlive(bytes32 releaseId);

    constructor(address owner, bytes32[] memory releaseIds) {
        OWNER = owner;
        for (uint256 i; i < releaseIds.length; ++i) {
            statusOf[releaseIds[i]] = ALIVE;
        }
    }

    function revoke(bytes32 releaseId, string calldata reason) external {
        if (msg.sender != OWNER) revert OnlyOwner(msg.sender);
        if (statusOf[releaseId] != ALIVE) revert NotAlive(releaseId);
        statusOf[releaseId] = REVOKED;
        emit ReleaseRevoked(releaseId, reason);
    }
}
