// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev ECDSA on secp256k1 with one valid form for each signature.
library Signatures {
    /// Half of the group's order: of the two s that verify, only the low one is taken (EIP-2).
    uint256 internal constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev The signer of a 65-byte (r, s, v) or 64-byte (r, vs; EIP-2098) signature, or zero if it is malformed.
    /// Zero never is a seat's key, so a caller that compares with a registered key needs no check of its own.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        bytes32 r;
        uint256 s;
        uint8 v;
        if (signature.length == 65) {
            r = bytes32(signature[0:32]);
            s = uint256(bytes32(signature[32:64]));
            v = uint8(signature[64]);
        } else if (signature.length == 64) {
            r = bytes32(signature[0:32]);
            uint256 vs = uint256(bytes32(signature[32:64]));
            s = vs & type(uint256).max >> 1;
            v = uint8(vs >> 255) + 27;
        } else {
            return address(0);
        }
        if (s > MAX_S) return address(0);
        return ecrecover(digest, v, r, bytes32(s));
    }
}
