// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";

/// @dev BLS12-381 through the precompiles of EIP-2537, and nothing else: no field arithmetic is written here.
/// Points are their EIP-2537 bytes: G1 128, G2 256, each field element 64 with 16 leading zeros; all zeros are the identity.
///
/// What the precompiles refuse, and this library therefore does not repeat: a field element that is not below p or whose
/// padding is not zero, and a point off the curve (all of them); a point outside of the prime-order subgroup (multi-scalar
/// multiplication and pairing only: an ADDITION TAKES ANY POINT OF THE CURVE). What none refuses is the identity.
///
/// Every call checks success and the length of what came back: on a chain without these precompiles a call to an empty
/// account succeeds and returns nothing. A precompile that refuses burns the gas that it was given (63/64 of the rest),
/// which the sender of the bad point pays; no limit is set, since prices change and this code does not.
library Bls12381 {
    uint256 internal constant G1_BYTES = 128;
    uint256 internal constant G2_BYTES = 256;

    /// @dev r, the order of both groups.
    uint256 internal constant ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @dev -g2: with it an equation e(a, g2) = ... becomes one product that is 1.
    bytes internal constant NEGATED_G2_GENERATOR = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    uint256 private constant SHA256 = 0x02;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G1_MSM = 0x0c;
    uint256 private constant G2_MSM = 0x0e;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_FP_TO_G1 = 0x10;

    /// @dev The base field's prime, 48 bytes, as the two words in which it is written into memory.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624;
    uint256 private constant P_LOW = 0x1eabfffeb153ffffb9feffffffffaaab << 128;

    /// @dev Whether e(P_1, Q_1) ... e(P_k, Q_k) = 1, for pairs of 384 bytes, at least one. Reverts with BadPoint if any
    /// point is malformed or outside of its subgroup. A pair with an identity contributes 1: callers exclude it.
    function isPairingOne(bytes memory pairs) internal view returns (bool one) {
        bytes32[1] memory result;
        _call(PAIRING, _body(pairs), pairs.length, _at(result), 32);
        return result[0] == bytes32(uint256(1));
    }

    /// @dev a A + b B for points of G1, each checked to lie in the subgroup.
    function combineTwo(bytes memory pointA, uint256 a, bytes memory pointB, uint256 b)
        internal
        view
        returns (bytes memory sum)
    {
        if (pointA.length != G1_BYTES || pointB.length != G1_BYTES) revert ICommittee.BadPoint();
        bytes memory terms = bytes.concat(pointA, bytes32(a), pointB, bytes32(b));
        sum = new bytes(G1_BYTES);
        _call(G1_MSM, _body(terms), terms.length, _body(sum), G1_BYTES);
    }

    /// @dev sum of x^k C_k over the points C_0, C_1, ... (256 bytes each, at least one): the polynomial in the exponent at
    /// x. Every point is checked to lie in the subgroup.
    function evaluate(bytes memory points, uint256 x) internal view returns (bytes memory sum) {
        bytes memory terms = _powers(points, x, 0);
        sum = new bytes(G2_BYTES);
        _call(G2_MSM, _body(terms), terms.length, _body(sum), G2_BYTES);
    }

    /// @dev Whether `share` is the value at x of the polynomial behind the points, which were checked before: the
    /// commitments at x, less share g2, are the identity. Only the canonical scalar is, so that it can be read in one way.
    function isShare(bytes memory points, uint256 x, uint256 share) internal view returns (bool) {
        if (share >= ORDER) return false;
        bytes memory terms = _powers(points, x, 1);
        bytes memory negated = NEGATED_G2_GENERATOR;
        assembly ("memory-safe") {
            let last := add(terms, sub(mload(terms), 256)) // 32 for the length, less 288 for the term
            mcopy(last, add(negated, 32), 256)
            mstore(add(last, 256), share)
        }
        bytes memory difference = new bytes(G2_BYTES);
        _call(G2_MSM, _body(terms), terms.length, _body(difference), G2_BYTES);
        return isIdentity(difference);
    }

    /// @dev Point by point, the sum of the lists' points (256 bytes each, as many in each) times the lists' weights.
    function weigh(bytes[] memory lists, uint256[] memory weights) internal view returns (bytes memory sums) {
        uint256 size = lists[0].length;
        sums = new bytes(size);
        bytes memory terms = new bytes(lists.length * (G2_BYTES + 32));
        for (uint256 offset = 0; offset < size; offset += G2_BYTES) {
            uint256 to = _body(terms);
            for (uint256 i = 0; i < lists.length; ++i) {
                if (lists[i].length != size) revert ICommittee.BadPoint();
                uint256 from = _body(lists[i]) + offset;
                uint256 weight = weights[i];
                assembly ("memory-safe") {
                    mcopy(to, from, 256)
                    mstore(add(to, 256), weight)
                }
                to += G2_BYTES + 32;
            }
            _call(G2_MSM, _body(terms), terms.length, _body(sums) + offset, G2_BYTES);
        }
    }

    /// @dev 1 / x modulo the order: x to the power of the order less 2. Source: Fermat.
    function invert(uint256 x) internal view returns (uint256) {
        uint256[6] memory input = [uint256(32), 32, 32, x, ORDER - 2, ORDER];
        uint256[1] memory inverse;
        uint256 from;
        uint256 to;
        assembly ("memory-safe") {
            from := input
            to := inverse
        }
        _call(MODEXP, from, 192, to, 32);
        return inverse[0];
    }

    /// @dev Reverts with BadPoint unless all points (256 bytes each, at least one) are of the subgroup, and none the identity.
    function requireUsable(bytes memory points) internal view {
        // The sum is of no use here. The multiplication is made because it checks the subgroup of every point; each has a
        // scalar that is not 0 (x = 1), so that no implementation may skip one.
        evaluate(points, 1);
        requireNoIdentity(points);
    }

    /// @dev Reverts with BadPoint if one of the points of G2 (256 bytes each) is the identity.
    function requireNoIdentity(bytes memory points) internal pure {
        for (uint256 offset = 0; offset < points.length; offset += G2_BYTES) {
            if (_isZero(_body(points) + offset, G2_BYTES)) revert ICommittee.BadPoint();
        }
    }

    /// @dev Whether this is the identity of G1 or G2 (128 or 256 bytes).
    function isIdentity(bytes memory point) internal pure returns (bool) {
        return _isZero(_body(point), point.length);
    }

    /// @dev The point of G1 to which a message hashes under a domain separation tag of at most 255 bytes.
    /// Source: RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_. MAP_FP_TO_G1 clears the cofactor of each summand, which is
    /// the same as clearing it once after the addition.
    function hashToG1(bytes memory message, bytes memory tag) internal view returns (bytes memory point) {
        (bytes32 b1, bytes32 b2, bytes32 b3, bytes32 b4) = _expandMessage(message, tag);
        point = new bytes(2 * G1_BYTES);
        uint256 output = _body(point);
        _mapToG1(b1, b2, output);
        _mapToG1(b3, b4, output + G1_BYTES);
        _call(G1_ADD, output, 2 * G1_BYTES, output, G1_BYTES);
        assembly ("memory-safe") {
            mstore(point, 128) // the second half was room for the second summand
        }
    }

    /// @dev expand_message_xmd with SHA-256 for 128 bytes, two field elements of 64. Source: RFC 9380 section 5.3.1.
    /// The tag is followed by its length in one byte, wherever it stands.
    function _expandMessage(bytes memory message, bytes memory tag)
        private
        view
        returns (bytes32 b1, bytes32 b2, bytes32 b3, bytes32 b4)
    {
        assert(tag.length < 256);
        bool answered;
        assembly ("memory-safe") {
            // Both blocks are built beyond what is allocated, and not kept. Hashes go to the scratch space.
            function hash(block_, size) -> digest, ok {
                ok := staticcall(gas(), SHA256, block_, size, 0, 32)
                ok := and(ok, eq(returndatasize(), 32))
                digest := mload(0)
            }
            // Block i: b_0 xor b_(i-1) (32 bytes), i (1), tag.
            let next := mload(0x40)
            let suffix := add(next, 33)
            let suffixSize := add(mload(tag), 1)
            mcopy(suffix, add(tag, 32), mload(tag))
            mstore8(add(suffix, mload(tag)), mload(tag))
            let nextSize := add(33, suffixSize)
            // Block 0: one block of zeros (64 bytes), the message, the output length 128 (2), 0 (1), tag.
            let first := add(next, 320)
            mstore(first, 0)
            mstore(add(first, 32), 0)
            let end := add(first, 64)
            mcopy(end, add(message, 32), mload(message))
            end := add(end, mload(message))
            mstore(end, shl(232, 0x008000))
            end := add(end, 3)
            mcopy(end, suffix, suffixSize)
            end := add(end, suffixSize)

            let b0, ok := hash(first, sub(end, first))
            answered := ok
            mstore(next, b0)
            mstore8(add(next, 32), 1)
            b1, ok := hash(next, nextSize)
            answered := and(answered, ok)
            mstore(next, xor(b0, b1))
            mstore8(add(next, 32), 2)
            b2, ok := hash(next, nextSize)
            answered := and(answered, ok)
            mstore(next, xor(b0, b2))
            mstore8(add(next, 32), 3)
            b3, ok := hash(next, nextSize)
            answered := and(answered, ok)
            mstore(next, xor(b0, b3))
            mstore8(add(next, 32), 4)
            b4, ok := hash(next, nextSize)
            answered := and(answered, ok)
        }
        if (!answered) revert ICommittee.BadPoint();
    }

    /// @dev Maps 64 uniform bytes to a point of the subgroup: reduced modulo p (a power with exponent 1), then mapped.
    function _mapToG1(bytes32 high, bytes32 low, uint256 output) private view {
        bool answered;
        assembly ("memory-safe") {
            let input := mload(0x40) // not kept: lengths of base, exponent and modulus, then these
            mstore(input, 64)
            mstore(add(input, 32), 1)
            mstore(add(input, 64), 48)
            mstore(add(input, 96), high)
            mstore(add(input, 128), low)
            mstore8(add(input, 160), 1)
            mstore(add(input, 161), P_HIGH)
            mstore(add(input, 193), P_LOW)
            answered := staticcall(gas(), MODEXP, input, 209, add(output, 16), 48)
            answered := and(answered, eq(returndatasize(), 48))
        }
        if (!answered) revert ICommittee.BadPoint();
        _call(MAP_FP_TO_G1, output, 64, output, G1_BYTES);
    }

    /// @dev The terms of a multiplication, point and scalar, with the powers of x for scalars; room for `more` terms follows.
    function _powers(bytes memory points, uint256 x, uint256 more) private pure returns (bytes memory terms) {
        if (points.length % G2_BYTES != 0) revert ICommittee.BadPoint();
        uint256 count = points.length / G2_BYTES;
        terms = new bytes((count + more) * (G2_BYTES + 32));
        uint256 from = _body(points);
        uint256 to = _body(terms);
        uint256 power = 1;
        for (uint256 k = 0; k < count; ++k) {
            assembly ("memory-safe") {
                mcopy(to, from, 256)
                mstore(add(to, 256), power)
            }
            power = mulmod(power, x, ORDER);
            from += G2_BYTES;
            to += G2_BYTES + 32;
        }
    }

    /// @dev Calls a precompile. Reverts with BadPoint if it refuses or returns another length.
    function _call(uint256 precompile, uint256 input, uint256 size, uint256 output, uint256 outputSize) private view {
        bool answered;
        assembly ("memory-safe") {
            answered := staticcall(gas(), precompile, input, size, output, outputSize)
            answered := and(answered, eq(returndatasize(), outputSize))
        }
        if (!answered) revert ICommittee.BadPoint();
    }

    /// @dev Whether `size` bytes (a multiple of 32) are zero.
    function _isZero(uint256 pointer, uint256 size) private pure returns (bool zero) {
        assembly ("memory-safe") {
            let any := 0
            let end := add(pointer, size)
            for {} lt(pointer, end) { pointer := add(pointer, 32) } {
                any := or(any, mload(pointer))
            }
            zero := iszero(any)
        }
    }

    function _body(bytes memory data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(data, 32)
        }
    }

    function _at(bytes32[1] memory words) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := words
        }
    }
}
