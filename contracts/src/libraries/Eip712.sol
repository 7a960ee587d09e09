// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The EIP-712 domain of a contract: name "Custodes", version "1". It follows the chain id, so that after a fork a
/// signature made for one chain says nothing on the other.
abstract contract Eip712 {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Custodes");
    bytes32 private constant VERSION_HASH = keccak256("1");

    uint256 private immutable CACHED_CHAIN_ID;
    bytes32 private immutable CACHED_SEPARATOR;

    constructor() {
        CACHED_CHAIN_ID = block.chainid;
        CACHED_SEPARATOR = _computeSeparator();
    }

    /// @notice The fields of the domain (EIP-5267).
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", "Custodes", "1", block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    function _typedDigest(bytes32 structHash) internal view returns (bytes32 digest) {
        bytes32 separator = block.chainid == CACHED_CHAIN_ID ? CACHED_SEPARATOR : _computeSeparator();
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hex"1901")
            mstore(add(free, 0x02), separator)
            mstore(add(free, 0x22), structHash)
            digest := keccak256(free, 0x42)
        }
    }

    function _computeSeparator() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }
}
