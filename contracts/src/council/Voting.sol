// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../interfaces/ICouncil.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Eip712} from "../libraries/Eip712.sol";
import {Head} from "../libraries/Head.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Tally} from "../libraries/Tally.sol";
import {KeyKind} from "../types/Actions.sol";
import {TierRule} from "../types/Parameters.sol";
import {ProposalState, SignedBallot, Support} from "../types/Proposals.sol";
import {CouncilStore} from "./CouncilStore.sol";

/// @dev Ballots. A call of one or of many costs one call to Seats, the proposal's head and its ballot word. Nothing is counted
/// here, but in the last part of a round. What makes a ballot inadmissible is a value, so that a batch can go on.
/// Where there is assembly, it is what each of thousands of ballots pays for: the same hashes and the same event.
abstract contract Voting is CouncilStore, Eip712 {
    bytes32 internal constant BALLOT_TYPEHASH =
        keccak256("Ballot(uint256 proposalId,uint8 support,address voter,uint8 round,uint8 count,string reason)");

    /// @dev The bit of an elector whose silence is counted.
    uint256 private constant SILENT = 1 << 16;

    /// @dev A round that takes ballots, while they are counted: read once, written once.
    struct Poll {
        uint256 id;
        Head head;
        uint256 word;
    }

    /// @inheritdoc ICouncil
    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight) {
        return _castOwn(proposalId, support, string(msg.data[:0]));
    }

    /// @inheritdoc ICouncil
    function castVoteWithReason(uint256 proposalId, uint8 support, string calldata reason)
        external
        returns (uint256 weight)
    {
        return _castOwn(proposalId, support, reason);
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
        Poll memory poll = _open(proposalId);
        uint256 elector = _electorOf(voter);
        bytes32 digest = ballotDigest(proposalId, support, voter, round, count, reason);
        _require(_judgeTerms(poll, elector, support, voter, round, count));
        if (!Signatures.isBy(KeyKind(elector >> 24), voter, digest, signature)) revert BadSignature(voter); // R-Council-07
        _count(poll, elector, voter, support, reason);
        _close(poll);
        return 1;
    }

    /// @inheritdoc ICouncil
    function castSignedVotes(uint256 proposalId, SignedBallot[] calldata ballots) external returns (uint256 counted) {
        Poll memory poll = _open(proposalId);
        (uint256 eligible, uint256 current) = (poll.head.eligible(), poll.head.round());
        bool late = poll.head.isExtendable();
        uint256 word = poll.word;
        for (uint256 i; i < ballots.length; ++i) {
            (
                address voter,
                uint256 support,
                uint256 round,
                uint256 count,
                string calldata reason,
                bytes calldata signature
            ) = _read(ballots, i);
            uint256 elector = _electorOf(voter);
            bytes32 digest = _digest(proposalId, support, voter, round, count, reason);
            // A good ballot passes in one go: no bit of this is set. What is wrong with another is found out afterwards.
            uint256 wrong = elector >> 8 & 0xff ^ uint256(ISeats.Standing.Live) | eligible >> (elector & 0xff) & 1 ^ 1
                | support / (uint256(Support.Abstain) + 1) | count / Ballots.MAX_COUNT | round ^ current | count
                ^ Ballots.countOf(word, uint8(elector));
            if (wrong != 0 || !Signatures.isBy(KeyKind(elector >> 24), voter, digest, signature)) {
                poll.word = word;
                bytes memory refusal = _judgeTerms(poll, elector, uint8(support), voter, uint8(round), uint8(count));
                if (refusal.length == 0) refusal = abi.encodeWithSelector(BadSignature.selector, voter); // R-Council-07
                emit BallotSkipped(proposalId, voter, uint8(support), uint8(round), uint8(count), refusal); // R-Council-27
                continue;
            }
            ++counted;
            if (elector & SILENT != 0) SEATS.act(voter); // R-Seats-20
            if (late) {
                poll.word = word;
                _tally(poll, elector, voter, uint8(support), reason);
                (word, late) = (poll.word, poll.head.isExtendable());
            } else {
                unchecked {
                    word = Ballots.cast(word, uint8(elector), uint8(support) + 1);
                }
                _emitVoteCast(voter, proposalId, support, reason);
            }
        }
        poll.word = word;
        _close(poll);
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
        return _digest(proposalId, support, voter, round, count, reason);
    }

    function _castOwn(uint256 proposalId, uint8 support, string calldata reason) private returns (uint256 weight) {
        Poll memory poll = _open(proposalId);
        uint256 elector = _electorOf(msg.sender);
        _require(_judge(poll, elector, msg.sender, support));
        _count(poll, elector, msg.sender, support, reason);
        _close(poll);
        return 1;
    }

    /// @dev SEATS.electorOf(voter)
    function _electorOf(address voter) private view returns (uint256 elector) {
        address seats = address(SEATS);
        bytes4 selector = ISeats.electorOf.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, voter)
            if iszero(staticcall(gas(), seats, 0x00, 0x24, 0x00, 0x20)) { revert(0x00, 0x00) }
            elector := mload(0x00)
        }
    }

    /// @dev The round that takes ballots now.
    function _open(uint256 proposalId) private view returns (Poll memory poll) {
        Head h = _head(proposalId);
        // Not by _state: an urgent proposal that passes already still takes ballots, and nothing has to be counted.
        if (block.timestamp > h.closesAt() || h.isClosed()) {
            revert UnexpectedState(proposalId, _state(proposalId, h), ProposalState.Active); // R-Council-05
        }
        poll.id = proposalId;
        poll.head = h;
        poll.word = _ballots(proposalId, h.round());
    }

    /// @dev The round's word as its ballots left it.
    function _close(Poll memory poll) private {
        proposals[poll.id].ballots[poll.head.round() - 1] = Ballots.flip(poll.word);
    }

    /// @dev The error, if the voter may not cast that ballot; else nothing. The elector is as Seats packs it.
    function _judge(Poll memory poll, uint256 elector, address voter, uint8 support)
        private
        pure
        returns (bytes memory refusal)
    {
        if (uint8(elector >> 8) != uint8(ISeats.Standing.Live)) {
            return abi.encodeWithSelector(NotLiveSeat.selector, voter); // R-Council-01
        }
        uint8 seat = uint8(elector);
        if (!poll.head.isEligible(seat)) {
            return abi.encodeWithSelector(NotEligible.selector, poll.id, seat); // R-Council-04
        }
        if (support > uint8(Support.Abstain)) return abi.encodeWithSelector(BadSupport.selector, support); // R-Council-08
        if (Ballots.countOf(poll.word, seat) == Ballots.MAX_COUNT) {
            return abi.encodeWithSelector(TooManyBallots.selector, poll.id, seat); // R-Council-06
        }
    }

    /// @dev The error, if that signed ballot is not one that the voter may cast now; else nothing. Of its signature the
    /// caller is the judge.
    function _judgeTerms(Poll memory poll, uint256 elector, uint8 support, address voter, uint8 round, uint8 count)
        private
        pure
        returns (bytes memory refusal)
    {
        refusal = _judge(poll, elector, voter, support);
        if (refusal.length != 0) return refusal;
        // A ballot that a relayer held back must not be played after a later one.
        uint8 expectedRound = poll.head.round();
        uint8 expectedCount = Ballots.countOf(poll.word, uint8(elector));
        if (round != expectedRound || count != expectedCount) {
            return abi.encodeWithSelector(
                StaleBallot.selector, poll.id, uint8(elector), round, count, expectedRound, expectedCount
            ); // R-Council-07
        }
    }

    /// @dev A ballot is a sign of life.
    function _count(Poll memory poll, uint256 elector, address voter, uint8 support, string calldata reason) private {
        if (elector & SILENT != 0) SEATS.act(voter); // R-Seats-20
        _tally(poll, elector, voter, support, reason);
    }

    /// @dev Into the poll's word, which the caller writes back. The head is written here, at most once a round.
    function _tally(Poll memory poll, uint256 elector, address voter, uint8 support, string calldata reason) private {
        uint256 before = poll.word;
        poll.word = Ballots.cast(before, uint8(elector), support + 1);
        _emitVoteCast(voter, poll.id, support, reason);
        if (support == uint8(Support.For) && poll.head.isExtendable()) _extendIfTurned(poll, before);
    }

    /// @dev R-Council-24: who turns failing into passing in the last part of a round gives all others as long to answer.
    function _extendIfTurned(Poll memory poll, uint256 before) private {
        Head h = poll.head;
        (TierRule memory rule, uint256 masks, uint256 exempt) = _bar(h);
        uint64 live = SEATS.liveMask();
        if (Tally.passes(rule, masks, Ballots.chosen(before, Ballots.FOR) & live, exempt)) return;
        if (!Tally.passes(rule, masks, Ballots.chosen(poll.word, Ballots.FOR) & live, exempt)) return;
        h = h.extend(block.timestamp + h.lateWindow());
        poll.head = h;
        proposals[poll.id].head = h;
        emit ProposalExtended(poll.id, h.closesAt());
    }

    /// @dev emit VoteCast(voter, id, support, 1, reason)
    function _emitVoteCast(address voter, uint256 id, uint256 support, string calldata reason) private {
        bytes32 topic = VoteCast.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, id)
            mstore(add(free, 0x20), support)
            mstore(add(free, 0x40), 1)
            mstore(add(free, 0x60), 0x80)
            mstore(add(free, 0x80), reason.length)
            let text := add(free, 0xa0)
            calldatacopy(text, reason.offset, reason.length)
            mstore(add(text, reason.length), 0)
            log2(free, add(0xa0, and(add(reason.length, 0x1f), not(0x1f))), topic, voter)
        }
    }

    function _digest(
        uint256 proposalId,
        uint256 support,
        address voter,
        uint256 round,
        uint256 count,
        string calldata reason
    ) private view returns (bytes32) {
        bytes32 typehash = BALLOT_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, reason.offset, reason.length)
            let reasonHash := keccak256(free, reason.length)
            mstore(free, typehash)
            mstore(add(free, 0x20), proposalId)
            mstore(add(free, 0x40), support)
            mstore(add(free, 0x60), voter)
            mstore(add(free, 0x80), round)
            mstore(add(free, 0xa0), count)
            mstore(add(free, 0xc0), reasonHash)
            structHash := keccak256(free, 0xe0)
        }
        return _typedDigest(structHash);
    }

    /// @dev ballots[i], member by member, as strictly as the compiler reads it: a number that is too large, or bytes beyond
    /// the end of the call, revert it.
    function _read(SignedBallot[] calldata ballots, uint256 i)
        private
        pure
        returns (
            address voter,
            uint256 support,
            uint256 round,
            uint256 count,
            string calldata reason,
            bytes calldata signature
        )
    {
        assembly ("memory-safe") {
            let offset := calldataload(add(ballots.offset, shl(5, i)))
            let at := add(ballots.offset, offset)
            voter := calldataload(at)
            support := calldataload(add(at, 0x20))
            round := calldataload(add(at, 0x40))
            count := calldataload(add(at, 0x60))
            let reasonOffset := calldataload(add(at, 0x80))
            let signatureOffset := calldataload(add(at, 0xa0))
            let reasonAt := add(at, reasonOffset)
            let signatureAt := add(at, signatureOffset)
            reason.length := calldataload(reasonAt)
            signature.length := calldataload(signatureAt)
            reason.offset := add(reasonAt, 0x20)
            signature.offset := add(signatureAt, 0x20)
            // No sum of these wraps, since none of them has more than 32 bits.
            let far := or(or(offset, reasonOffset), or(signatureOffset, or(reason.length, signature.length)))
            let wrong := or(or(shr(160, voter), shr(8, or(support, or(round, count)))), shr(32, far))
            wrong := or(wrong, gt(add(at, 0xc0), calldatasize()))
            wrong := or(wrong, gt(add(reason.offset, reason.length), calldatasize()))
            wrong := or(wrong, gt(add(signature.offset, signature.length), calldatasize()))
            if wrong { revert(0x00, 0x00) }
        }
    }

    /// @dev Reverts with the error, if there is one.
    function _require(bytes memory refusal) private pure {
        if (refusal.length == 0) return;
        assembly ("memory-safe") {
            revert(add(refusal, 0x20), mload(refusal))
        }
    }
}
