// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Head} from "../libraries/Head.sol";
import {Proposal, ProposalState, QuorumState} from "../types/Proposals.sol";
import {CouncilStore} from "./CouncilStore.sol";
import {QuorumLens} from "./QuorumLens.sol";

/// @dev What people, explorers and clients read. Nothing here decides anything.
abstract contract CouncilViews is CouncilStore {
    address private immutable LENS;

    constructor() {
        LENS = address(new QuorumLens(SEATS));
    }

    /// @inheritdoc ICouncil
    function state(uint256 proposalId) external view returns (ProposalState) {
        return _state(proposalId, _head(proposalId));
    }

    /// @inheritdoc ICouncil
    function quorumState(uint256) external view returns (QuorumState memory) {
        address lens = LENS;
        assembly ("memory-safe") {
            // The same call, and what the lens answers or refuses, as it stands.
            let free := mload(0x40)
            calldatacopy(free, 0x00, calldatasize())
            let answered := staticcall(gas(), lens, free, calldatasize(), 0x00, 0x00)
            returndatacopy(free, 0x00, returndatasize())
            if iszero(answered) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }

    /// @inheritdoc ICouncil
    function getProposal(uint256 proposalId) external view returns (Proposal memory) {
        Proposal memory p;
        Head h = _head(proposalId);
        p.eligible = h.eligible();
        p.createdAt = h.createdAt();
        p.closesAt = h.closesAt();
        p.parametersVersion = h.parametersVersion();
        p.rosterVersion = h.rosterVersion();
        p.kind = uint8(h.kind());
        p.tier = h.tier();
        p.round = h.round();
        p.proposerSeat = h.proposerSeat();
        p.flags = h.flags();
        p.lateWindow = h.lateWindow();
        p.vetoes = proposals[proposalId].vetoes;
        p.proposer = proposals[proposalId].proposer;
        p.nonce = proposals[proposalId].nonce;
        for (uint8 round = 1; round <= p.round; ++round) {
            p.ballots[round - 1] = _ballots(proposalId, round);
        }
        return p;
    }

    /// @inheritdoc ICouncil
    function ballotOf(uint256 proposalId, uint8 seat) public view returns (uint8 choice, uint8 round, uint8 count) {
        round = proposals[proposalId].head.round();
        if (round == 0 || seat >= 64) return (0, round, 0);
        uint256 word = _ballots(proposalId, round);
        return (Ballots.choiceOf(word, seat), round, Ballots.countOf(word, seat));
    }

    /// @inheritdoc ICouncil
    function hasVoted(uint256 proposalId, address account) external view returns (bool) {
        (uint8 seat, ISeats.Standing standing) = SEATS.seatOf(account);
        (uint8 choice,,) = ballotOf(proposalId, seat);
        return standing != ISeats.Standing.None && choice != 0;
    }

    /// @inheritdoc ICouncil
    function proposalSnapshot(uint256 proposalId) external view returns (uint256) {
        return proposals[proposalId].head.createdAt();
    }

    /// @inheritdoc ICouncil
    function proposalDeadline(uint256 proposalId) external view returns (uint256) {
        return proposals[proposalId].head.closesAt();
    }

    /// @inheritdoc ICouncil
    function proposalEta(uint256 proposalId) external view returns (uint256) {
        Head h = proposals[proposalId].head;
        return h.exists() ? _eta(h, _rule(h)) : 0;
    }

    /// @inheritdoc ICouncil
    function vetoesOf(uint256 proposalId) external view returns (uint64) {
        return proposals[proposalId].vetoes;
    }

    /// @inheritdoc ICouncil
    function proposalProposer(uint256 proposalId) external view returns (address) {
        return proposals[proposalId].proposer;
    }

    /// @inheritdoc ICouncil
    function proposalNeedsQueuing(uint256) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc ICouncil
    function votingDelay() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc ICouncil
    function proposalThreshold() external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc ICouncil
    function name() external pure returns (string memory) {
        return "Custodes";
    }

    /// @inheritdoc ICouncil
    function version() external pure returns (string memory) {
        return "1";
    }

    /// @inheritdoc ICouncil
    // solhint-disable-next-line func-name-mixedcase
    function COUNTING_MODE() external pure returns (string memory) {
        return "support=bravo&quorum=for";
    }

    /// @inheritdoc ICouncil
    function clock() external view returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @inheritdoc ICouncil
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=timestamp";
    }
}
