// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";

/// @dev A contract that signs for a seat as it is told to: by an owner's key, or in one of the ways in which a wallet must
/// not be able to hurt anybody but itself.
contract Wallet {
    enum Manner {
        Honest, // whatever its owner signed
        Reverts,
        BurnsAllGas,
        WrongWord, // almost the magic value
        DirtyWord, // the magic value, and something behind it
        Short, // four bytes
        Huge, // the magic value, and a long buffer
        Writes, // which a static call forbids
        Reenters, // casts the ballot itself while it is asked
        Needy // wants all of its gas
    }

    address public immutable OWNER;
    ICouncil internal immutable COUNCIL;
    Manner public manner;
    uint256 internal written;
    uint256 internal proposal;

    constructor(address owner, ICouncil council) {
        (OWNER, COUNCIL) = (owner, council);
    }

    function behave(Manner manner_, uint256 proposal_) external {
        (manner, proposal) = (manner_, proposal_);
    }

    function act(address target, bytes calldata data) external {
        (bool ok, bytes memory answer) = target.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external returns (bytes4) {
        uint256 left = gasleft();
        if (manner == Manner.Needy && left < 299_000) return 0xffffffff;
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.BurnsAllGas) while (true) ++written;
        if (manner == Manner.WrongWord) return 0x1626ba7f;
        if (manner == Manner.Writes) written = 1;
        if (manner == Manner.Reenters) COUNCIL.castVote(proposal, 1);
        if (manner == Manner.Short) {
            assembly ("memory-safe") {
                mstore(0x00, 0x1626ba7e00000000000000000000000000000000000000000000000000000000)
                return(0x00, 0x04)
            }
        }
        if (manner == Manner.DirtyWord) {
            assembly ("memory-safe") {
                mstore(0x00, 0x1626ba7e00000000000000000000000000000000000000000000000000000001)
                return(0x00, 0x20)
            }
        }
        if (manner == Manner.Huge) {
            assembly ("memory-safe") {
                mstore(0x00, 0x1626ba7e00000000000000000000000000000000000000000000000000000000)
                return(0x00, 0x8000)
            }
        }
        (bytes32 r, bytes32 s, uint8 v) = abi.decode(signature, (bytes32, bytes32, uint8));
        return ecrecover(digest, v, r, s) == OWNER ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}
