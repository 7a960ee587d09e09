// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Head} from "../libraries/Head.sol";
import {Tally} from "../libraries/Tally.sol";
import {Tiers} from "../libraries/Tiers.sol";
import {ActionKind} from "../types/Actions.sol";
import {Bounds, Parameters, TierRule} from "../types/Parameters.sol";
import {FLAG_CANCELED, FLAG_EXECUTED, ProposalState} from "../types/Proposals.sol";

/// @dev What the Council keeps, and the one function that says what state a proposal is in.
abstract contract CouncilStore is ICouncil, ActionTarget {
    struct Record {
        Head head;
        address proposer;
        uint64 nonce;
        uint256[2] ballots; // one word a round, stored flipped: see Ballots.flip
        uint64 vetoes; // one bit a seat
    }

    bool public active;
    uint32 internal currentVersion; // of the parameters in force
    address public successor; // once it is named, what passes expires: see _state
    mapping(uint32 version => Parameters) internal sets; // R-Council-23: append-only, a proposal keeps its own
    Bounds internal limits;

    mapping(uint256 proposalId => Record) internal proposals;
    mapping(address proposer => uint64) public proposalNonce;
    mapping(uint8 seat => mapping(uint256 index => uint256 proposalId)) internal slots; // filled from 0, without gaps

    /// @dev Time decides most of it: nobody has to close, queue or expire anything.
    function _state(uint256 proposalId, Head h) internal view returns (ProposalState) {
        if (h.has(FLAG_EXECUTED)) return ProposalState.Executed;
        if (h.has(FLAG_CANCELED)) return ProposalState.Canceled;
        bool urgent = Tiers.isUrgent(h.kind());
        bool open = block.timestamp <= h.closesAt();
        if (open && !urgent) return ProposalState.Active;

        (TierRule memory rule, uint256 masks, uint256 exempt) = _bar(h);
        // R-Council-21: the yes of a seat that was removed or suspended since does not count.
        uint64 yes = Ballots.chosen(_ballots(proposalId, h.round()), Ballots.FOR) & SEATS.liveMask();
        if (!Tally.passes(rule, masks, yes, exempt)) {
            return open ? ProposalState.Active : ProposalState.Defeated;
        }
        uint256 eta = _eta(h, rule);
        if (block.timestamp > eta + sets[h.parametersVersion()].grace) return ProposalState.Expired;
        if (urgent) return ProposalState.Succeeded;
        if (successor != address(0)) return ProposalState.Expired; // R-Council-30
        // R-Council-09, R-Council-10.
        return block.timestamp >= eta ? ProposalState.Succeeded : ProposalState.Queued;
    }

    /// @dev The earliest execution, if it passes. A claimed tightening waits for objections.
    function _eta(Head h, TierRule memory rule) internal view returns (uint40) {
        uint40 delay = rule.timelock;
        if (h.kind() == ActionKind.AmendTighter && h.round() == 1) {
            uint40 window = sets[h.parametersVersion()].objectionWindow;
            if (window > delay) delay = window;
        }
        if (h.kind() == ActionKind.ReplaceSeat) delay = sets[h.parametersVersion()].replacementDelay;
        return h.closesAt() + delay;
    }

    /// @dev What the proposal needs, of which seats, and which chambers need not agree.
    function _bar(Head h) internal view returns (TierRule memory rule, uint256 masks, uint256 exempt) {
        rule = _rule(h);
        if (h.kind() != ActionKind.ReplaceSeat) return (rule, SEATS.chamberMasks(h.rosterVersion()), 0);
        Tiers.forReplacement(rule);
        (masks, exempt) = SEATS.replacementRoster(h.rosterVersion(), h.createdAt());
    }

    function _rule(Head h) internal view returns (TierRule memory) {
        return sets[h.parametersVersion()].tiers[h.tier() - 1];
    }

    function _ballots(uint256 proposalId, uint8 round) internal view returns (uint256) {
        return Ballots.flip(proposals[proposalId].ballots[round - 1]);
    }

    function _head(uint256 proposalId) internal view returns (Head h) {
        h = proposals[proposalId].head;
        if (!h.exists()) revert UnknownProposal(proposalId); // R-Council-17
    }

    /// @dev The live seat that acts with that key: a sign of life (R-Seats-20). The caller has its word, or reverts.
    function _requireLive(address account) internal returns (uint8 seat) {
        ISeats.Standing standing;
        (seat, standing) = SEATS.act(account);
        if (standing != ISeats.Standing.Live) revert NotLiveSeat(account); // R-Council-01
    }

    function _requireEligible(uint256 proposalId, Head h, uint8 seat) internal pure {
        if (!h.isEligible(seat)) revert NotEligible(proposalId, seat); // R-Council-04
    }
}
