// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Head} from "../libraries/Head.sol";
import {Tally} from "../libraries/Tally.sol";
import {TierRule} from "../types/Parameters.sol";
import {ChamberTally, Proposal, ProposalState, QuorumState} from "../types/Proposals.sol";
import {CouncilStore} from "./CouncilStore.sol";

/// @dev What people, explorers and clients read. Nothing here decides anything.
abstract contract CouncilViews is CouncilStore {
    /// @inheritdoc ICouncil
    function state(uint256 proposalId) external view returns (ProposalState) {
        return _state(proposalId, _head(proposalId));
    }

    /// @inheritdoc ICouncil
    function quorumState(uint256 proposalId) external view returns (QuorumState memory) {
        QuorumState memory q;
        Head h = _head(proposalId);
        (TierRule memory rule, uint256 masks, uint256 exempt) = _bar(h);
        q.state = _state(proposalId, h);
        q.tier = h.tier();
        q.round = h.round();
        q.closesAt = h.closesAt();
        q.eta = _eta(h, rule);
        q.expiresAt = q.eta + sets[h.parametersVersion()].grace;

        uint256 word = _ballots(proposalId, q.round);
        uint256 live = masks & Tally.spread(SEATS.liveMask());
        uint256 size = Tally.countLanes(masks);
        uint256 yes = Tally.countLanes(live & Tally.spread(Ballots.chosen(word, Ballots.FOR)));
        uint256 no = Tally.countLanes(live & Tally.spread(Ballots.chosen(word, Ballots.AGAINST)));
        uint256 abstain = Tally.countLanes(live & Tally.spread(Ballots.chosen(word, Ballots.ABSTAIN)));
        uint256 chambers = SEATS.chamberCount();
        q.chambers = new ChamberTally[](chambers);
        for (uint256 c; c < chambers; ++c) {
            ChamberTally memory tally = q.chambers[c];
            tally.size = uint8(size >> 64 * c);
            tally.yes = uint8(yes >> 64 * c);
            tally.no = uint8(no >> 64 * c);
            tally.abstain = uint8(abstain >> 64 * c);
            if (exempt >> 64 * c & 1 == 0) {
                tally.needed = uint8(Tally.needed(tally.size, rule.chamberNum, rule.chamberDen, rule.chamberStrict));
            }
            tally.agrees = tally.yes >= tally.needed;
            if (tally.agrees) ++q.chambersAgreeing;
            q.size += tally.size;
            q.yes += tally.yes;
        }
        q.chambersRequired = uint8(Tally.required(rule, chambers));
        q.needed = uint8(Tally.needed(q.size, rule.overallNum, rule.overallDen, rule.overallStrict));
        q.passing = q.chambersAgreeing >= q.chambersRequired && q.yes >= q.needed;
        return q;
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
    function clock() external view returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @inheritdoc ICouncil
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=timestamp";
    }
}
