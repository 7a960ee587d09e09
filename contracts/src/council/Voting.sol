// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Eip712} from "../libraries/Eip712.sol";
import {Head} from "../libraries/Head.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {ProposalState, Support} from "../types/Proposals.sol";
import {CouncilStore} from "./CouncilStore.sol";

/// @dev Ballots. One costs one call to Seats, the proposal's head and its ballot word; nothing is counted here.
abstract contract Voting is CouncilStore, Eip712 {
    bytes32 internal constant BALLOT_TYPEHASH =
        keccak256("Ballot(uint256 proposalId,uint8 support,address voter,uint8 round,uint8 count,string reason)");

    /// @inheritdoc ICouncil
    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight) {
        (uint8 round, uint8 seat, uint256 word) = _admit(proposalId, msg.sender, support);
        _record(proposalId, round, seat, support, word);
        emit VoteCast(msg.sender, proposalId, support, 1, "");
        return 1;
    }

    /// @inheritdoc ICouncil
    function castVoteWithReason(uint256 proposalId, uint8 support, string calldata reason)
        external
        returns (uint256 weight)
    {
        (uint8 round, uint8 seat, uint256 word) = _admit(proposalId, msg.sender, support);
        _record(proposalId, round, seat, support, word);
        emit VoteCast(msg.sender, proposalId, support, 1, reason);
        return 1;
    }

    /// @inheritdoc ICouncil
    function castSignedVote(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason,
        bytes calldata signature
    ) external returns (uint256 weight) {
        (uint8 expectedRound, uint8 seat, uint256 word) = _admit(proposalId, voter, support);
        // A ballot that a relayer held back must not be played after a later one.
        uint8 expectedCount = Ballots.countOf(word, seat);
        if (round != expectedRound || count != expectedCount) {
            revert StaleBallot(proposalId, seat, round, count, expectedRound, expectedCount); // R-Council-07
        }
        bytes32 digest = ballotDigest(proposalId, support, voter, round, count, reason);
        if (Signatures.recover(digest, signature) != voter) revert BadSignature(voter); // R-Council-07
        _record(proposalId, round, seat, support, word);
        emit VoteCast(voter, proposalId, support, 1, reason);
        return 1;
    }

    /// @inheritdoc ICouncil
    function ballotDigest(
        uint256 proposalId,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string calldata reason
    ) public view returns (bytes32) {
        return _typedDigest(
            keccak256(abi.encode(BALLOT_TYPEHASH, proposalId, support, voter, round, count, keccak256(bytes(reason))))
        );
    }

    /// @dev Whether that voter may cast a ballot now; the round, its seat, and the round's word.
    function _admit(uint256 proposalId, address voter, uint8 support)
        private
        returns (uint8 round, uint8 seat, uint256 word)
    {
        seat = _requireLive(voter);
        Head h = _head(proposalId);
        // Not by _state: an urgent proposal that passes already still takes ballots, and nothing has to be counted.
        if (block.timestamp > h.closesAt() || h.isClosed()) {
            revert UnexpectedState(proposalId, _state(proposalId, h), ProposalState.Active); // R-Council-05
        }
        _requireEligible(proposalId, h, seat);
        if (support > uint8(Support.Abstain)) revert BadSupport(support); // R-Council-08
        round = h.round();
        word = _ballots(proposalId, round);
        if (Ballots.countOf(word, seat) == Ballots.MAX_COUNT) revert TooManyBallots(proposalId, seat); // R-Council-06
    }

    function _record(uint256 proposalId, uint8 round, uint8 seat, uint8 support, uint256 word) private {
        word = Ballots.cast(word, seat, support + 1);
        proposals[proposalId].ballots[round - 1] = Ballots.flip(word);
        emit BallotCast(proposalId, seat, support, round, Ballots.countOf(word, seat));
    }
}
