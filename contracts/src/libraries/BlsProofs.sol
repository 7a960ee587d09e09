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

    /// @dev Reverts with BadPoint unless T1 = tau g1 and T2 = tau g2 for one tau that is not 0: e(T1, g2) = e(g1, T2).
    /// An oracle that answered a T1 of low order, or one that T2 does not match, would give away x_i H(id) or be cheated of
    /// the check of its own answer.
    function requireTransportKey(bytes calldata t1, bytes calldata t2) internal view {
        if (t1.length != Bls12381.G1_BYTES || t2.length != Bls12381.G2_BYTES) revert ICommittee.BadPoint();
        if (Bls12381.isIdentity(t1)) revert ICommittee.BadPoint();
        bytes memory pairs = bytes.concat(t1, Bls12381.NEGATED_G2_GENERATOR, Bls12381.G1_GENERATOR, t2);
        if (!Bls12381.isPairingOne(pairs)) revert ICommittee.BadPoint();
    }

    /// @dev Whether C1 = r g1 and C2 = x_i H(id) + r T1 for some r that is not 0: e(C2, g2) = e(C1, T2) e(H(id), PK_i).
    /// H(id), T2 and PK_i are those that were made or checked before; the caller compares their hashes.
    function isPartial(
        bytes32[4] calldata hashed,
        bytes32[4] calldata c1,
        bytes32[4] calldata c2,
        bytes32[8] calldata t2,
        bytes32[8] calldata key
    ) internal view returns (bool) {
        // r = 0 would publish x_i H(id) as it stands
        if ((c1[0] | c1[1] | c1[2] | c1[3]) == 0) revert ICommittee.BadPoint();
        return Bls12381.isPairingOne(abi.encodePacked(c2, Bls12381.NEGATED_G2_GENERATOR, c1, t2, hashed, key));
    }
}
