// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @dev The votes that a Governor counts: one each, delegated to oneself, never moved. Every member has one checkpoint, so
/// that a Governor never looks up a vote more cheaply than here.
contract MemberVotes is ERC20Votes {
    constructor(address[] memory members) ERC20("Member votes", "VOTE") EIP712("Member votes", "1") {
        for (uint256 i; i < members.length; ++i) {
            _mint(members[i], 1);
            _delegate(members[i], members[i]);
        }
    }
}
