// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {Bls12381} from "./Bls12381.sol";

/// @dev What the committee proves with pairings. Keys lie in G2, identities and signatures in G1. Every equation
/// e(a, g2) = ... is asked as one product with -g2, so that each proof costs one call of the pairing precompile, which
/// also checks every point for field, curve and subgroup. Points are joined to one input, so each is a fixed number of words,
/// or its length is checked first: one that is too long could hide a pair (-H, key), which cancels (H, key) without any secret.
///
/// One tag for each use: a signature that was made for one is worthless for another.
library BlsProofs {
    bytes internal constant IDENTITY_TAG = "CUSTODES-V1-IDENTITY_BLS12381G1_XMD:SHA-256_SSWU_RO_";
    bytes internal constant DEALER_TAG = "CUSTODES-V1-POP-DEALER_BLS12381G1_XMD:SHA-256_SSWU_RO_";
    bytes internal constant SHARE_TAG = "CUSTODES-V1-POP-SHARE_BLS12381G1_XMD:SHA-256_SSWU_RO_";

    /// @dev H(id): the public point whose multiple by the committee's secret opens an identity.
    function hashIdentity(bytes32 identity) internal view returns (bytes memory) {
        return Bls12381.hashToG1(bytes.concat(identity), IDENTITY_TAG);
    }

    /// @dev Whether the proof is the message's signature under a key that is not the identity: e(proof, g2) = e(H(m), key).
    function isPossession(bytes memory tag, bytes32 message, bytes calldata proof, bytes memory key)
        internal
        view
        returns (bool)
    {
        bytes memory hashed = Bls12381.hashToG1(bytes.concat(message), tag);
        if (proof.length != Bls12381.G1_BYTES || Bls12381.isIdentity(key)) revert ICommittee.BadPoint();
        return Bls12381.isPairingOne(bytes.concat(proof, Bls12381.NEGATED_G2_GENERATOR, hashed, key));
    }

    /// @dev Reverts with BadPoint unless who made the proof (challenge and response, 32 bytes each) knows the tau that is not
    /// 0 with T = tau H(id), and made it for this context. A member answers x_i T: if T were a multiple of another H(id'), or
    /// of what somebody else had posted, that would be a share of a key that nobody released. Source: Schnorr, with the
    /// statement and its place in the hash; 254 bits of it are uniform and below the order.
    function requireTransportKey(bytes calldata key, bytes calldata proof, bytes memory hashed, bytes32 context)
        internal
        view
    {
        if (proof.length != 64 || Bls12381.isIdentity(key)) revert ICommittee.BadPoint();
        uint256 challenge = uint256(bytes32(proof[:32]));
        uint256 response = uint256(bytes32(proof[32:]));
        // Only canonical scalars, so that a proof can be written in one way.
        if (challenge >= Bls12381.ORDER || response >= Bls12381.ORDER) revert ICommittee.BadPoint();
        bytes memory commitment = Bls12381.combineTwo(hashed, response, key, Bls12381.ORDER - challenge);
        if (uint256(keccak256(bytes.concat(context, key, commitment))) >> 2 != challenge) revert ICommittee.BadPoint();
    }

    /// @dev Whether C = x_i T: e(C, g2) = e(T, PK_i). T and PK_i are those that were proven before, neither the identity; the
    /// caller compares their hashes.
    function isPartial(bytes32[4] calldata partialKey, bytes32[4] calldata transportKey, bytes32[8] calldata key)
        internal
        view
        returns (bool)
    {
        return Bls12381.isPairingOne(abi.encodePacked(partialKey, Bls12381.NEGATED_G2_GENERATOR, transportKey, key));
    }
}
