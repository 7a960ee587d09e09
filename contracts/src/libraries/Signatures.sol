// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../interfaces/IActionTarget.sol";
import {KeyKind} from "../types/Actions.sol";

/// @dev Whether a key signed. How a key signs is fixed with its seat, never found out from its code: so an EOA that delegates
/// (EIP-7702) signs as before, and no contract can pose as one.
library Signatures {
    /// Half of the group's order: of the two s that verify, only the low one is taken (EIP-2).
    uint256 internal constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// What a wallet may burn to say yes: several owners' signatures, or a passkey's in plain Solidity.   [gas]
    uint256 internal constant WALLET_GAS = 300_000;

    /// What must be left, so that the wallet surely gets it: a call gets 63/64 at most.   [gas]
    uint256 internal constant GAS_FOR_WALLET = WALLET_GAS * 64 / 63 + 5_000;

    bytes4 private constant MAGIC = 0x1626ba7e; // isValidSignature(bytes32,bytes), as selector and as answer

    function isBy(KeyKind kind, address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (kind == KeyKind.ERC1271) return isApproved(signer, digest, signature);
        return recover(digest, signature) == signer;
    }

    /// @dev R-Seats-21. Whether the wallet answers with exactly the magic word: a static call, so that it changes nothing;
    /// with capped gas, so that it burns no more; and no more of its answer is read than that word.
    function isApproved(address wallet, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool approved)
    {
        // Too little gas is the caller's fault, not the signature's: it must not look like a refusal.
        if (gasleft() < GAS_FOR_WALLET) revert IActionTarget.NotEnoughGas(gasleft(), GAS_FOR_WALLET);
        bytes memory question = abi.encodeWithSelector(MAGIC, digest, signature);
        uint256 most = WALLET_GAS;
        bytes32 yes = MAGIC;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            approved := staticcall(most, wallet, add(question, 0x20), mload(question), 0x00, 0x20)
            approved := and(approved, and(gt(returndatasize(), 0x1f), eq(mload(0x00), yes)))
        }
    }

    /// @dev The signer of a 65-byte (r, s, v) or 64-byte (r, vs; EIP-2098) signature, or zero if it is malformed.
    /// Zero never is a seat's key, so a caller that compares with a registered key needs no check of its own.
    function recover(bytes32 digest, bytes calldata signature) internal view returns (address signer) {
        bytes32 r;
        uint256 s;
        uint256 v;
        if (signature.length == 65) {
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                s := calldataload(add(signature.offset, 0x20))
                v := byte(0, calldataload(add(signature.offset, 0x40)))
            }
        } else if (signature.length == 64) {
            assembly ("memory-safe") {
                r := calldataload(signature.offset)
                s := calldataload(add(signature.offset, 0x20))
            }
            v = (s >> 255) + 27;
            s &= type(uint256).max >> 1;
        } else {
            return address(0);
        }
        if (s > MAX_S) return address(0);
        assembly ("memory-safe") {
            // ecrecover: no answer, where there is no such signature
            let free := mload(0x40)
            mstore(free, digest)
            mstore(add(free, 0x20), v)
            mstore(add(free, 0x40), r)
            mstore(add(free, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 0x01, free, 0x80, 0x00, 0x20))
            signer := mload(0x00)
        }
    }
}
