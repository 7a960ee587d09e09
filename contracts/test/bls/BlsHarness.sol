// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls12381} from "../../src/libraries/Bls12381.sol";

/// @dev The library's functions, callable.
contract BlsHarness {
    function isPairingOne(bytes calldata pairs) external view returns (bool) {
        return Bls12381.isPairingOne(pairs);
    }

    function evaluate(bytes calldata points, uint256 x) external view returns (bytes memory) {
        return Bls12381.evaluate(points, x);
    }

    function requireUsable(bytes calldata points) external view {
        Bls12381.requireUsable(points);
    }

    function requireNoIdentity(bytes calldata points) external pure {
        Bls12381.requireNoIdentity(points);
    }

    function isIdentity(bytes calldata point) external pure returns (bool) {
        return Bls12381.isIdentity(point);
    }

    function weigh(bytes[] calldata lists, uint256[] calldata weights) external view returns (bytes memory) {
        return Bls12381.weigh(lists, weights);
    }

    function isShare(bytes calldata points, uint256 x, uint256 share) external view returns (bool) {
        return Bls12381.isShare(points, x, share);
    }

    function invert(uint256 x) external view returns (uint256) {
        return Bls12381.invert(x);
    }

    function hashToG1(bytes calldata message, bytes calldata tag) external view returns (bytes memory) {
        return Bls12381.hashToG1(message, tag);
    }

    /// @dev Two results and a guard between them: true if no call wrote over what another had allocated.
    function keepsMemory(bytes calldata message, bytes calldata tag) external view returns (bool) {
        bytes memory first = Bls12381.hashToG1(message, tag);
        bytes32 before = keccak256(first);
        bytes memory guard = new bytes(1000); // zeros, in memory that the first call had used and left
        bytes memory second = Bls12381.hashToG1(bytes.concat(message, "!"), tag);
        for (uint256 i; i < guard.length; ++i) {
            if (guard[i] != 0) return false;
        }
        return keccak256(first) == before && keccak256(second) != before;
    }

    function generators() external pure returns (bytes memory negatedG2, uint256 order) {
        return (Bls12381.NEGATED_G2_GENERATOR, Bls12381.ORDER);
    }

    function combineTwo(bytes calldata pointA, uint256 a, bytes calldata pointB, uint256 b)
        external
        view
        returns (bytes memory)
    {
        return Bls12381.combineTwo(pointA, a, pointB, b);
    }
}
