// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Tally} from "../libraries/Tally.sol";
import {Tiers} from "../libraries/Tiers.sol";
import {ActionKind} from "../types/Actions.sol";
import {Parameters, TierRule} from "../types/Parameters.sol";
import {ChamberTally, Proposal, QuorumState} from "../types/Proposals.sol";

/// @title What Council.quorumState answers
/// @notice Each chamber's tally beside its threshold, worked out from what the Council and Seats show to anybody.
/// @dev The Council makes it and asks it: counting for people decides nothing, and the Council's code has a limit.
contract QuorumLens {
    ICouncil private immutable COUNCIL;
    ISeats private immutable SEATS;

    constructor(ISeats seats) {
        (COUNCIL, SEATS) = (ICouncil(msg.sender), seats);
    }

    /// @notice The same as Council.quorumState.
    function quorumState(uint256 proposalId) external view returns (QuorumState memory) {
        QuorumState memory q;
        Proposal memory p = COUNCIL.getProposal(proposalId);
        Parameters memory parameters = COUNCIL.parametersAt(p.parametersVersion);
        TierRule memory rule = parameters.tiers[p.tier - 1];
        q.state = COUNCIL.state(proposalId);
        q.tier = p.tier;
        q.round = p.round;
        q.closesAt = p.closesAt;
        q.eta = uint40(COUNCIL.proposalEta(proposalId));
        q.expiresAt = q.eta + parameters.grace;

        uint256 word = p.ballots[p.round - 1];
        (uint256 masks, uint256 exempt) = (SEATS.chamberMasks(p.rosterVersion), 0);
        if (p.kind == uint8(ActionKind.ReplaceSeat)) {
            Tiers.forReplacement(rule);
            (masks, exempt) = SEATS.replacementRoster(p.rosterVersion, p.createdAt);
        }
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
}
