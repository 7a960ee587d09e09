// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract CastSignedVoteTest is CouncilTest {
    address internal constant RELAYER = address(0x4e1a);
    string internal constant REASON = "the evidence is thin";

    function test_castSignedVote_reverts_whenAnotherKeySigned(uint256 secret) public {
        uint256 id = proposeTier1();
        secret = bound(secret, 1, type(uint128).max);
        bytes memory signature = sign(secret, council.ballotDigest(id, 1, voters[0], 1, 0, REASON));
        vm.expectRevert(badSignature(0));
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_byAStrangersName(address voter) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(voter != voters[i]);
        }
        uint256 id = proposeTier1();
        vm.expectRevert(notLive(voter));
        council.castSignedVote(id, 1, voter, 1, 0, "", new bytes(65));
    }

    function test_castSignedVote_reverts_whenAnythingWasChanged(uint256 what) public {
        uint256 id = proposeTier1();
        uint256 otherId = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        what %= 4;
        vm.expectRevert(badSignature(what == 2 ? 1 : 0));
        council.castSignedVote(
            what == 0 ? otherId : id,
            what == 1 ? 0 : 1,
            what == 2 ? voters[1] : voters[0],
            1,
            0,
            what == 3 ? "the evidence is ample" : REASON,
            signature
        );
    }

    function test_castSignedVote_reverts_withAMalformedSignature(uint256 flaw) public {
        uint256 id = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        flaw %= 6;
        if (flaw == 0) signature = flipS(signature); // malleable: the same signature in another form
        if (flaw == 1) signature = "";
        if (flaw == 2) signature = new bytes(65);
        if (flaw == 3) signature = abi.encodePacked(signature, bytes1(0));
        if (flaw == 4) signature[64] = bytes1(uint8(signature[64]) - 27);
        if (flaw == 5) signature[64] = bytes1(uint8(29));
        vm.expectRevert(badSignature(0));
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_forAnotherRoundOrCount(uint8 round, uint8 count) public {
        uint256 id = proposeTier1();
        if (round == 1 && count == 0) return;
        bytes memory signature = ballot(id, 0, 1, round, count);
        vm.expectRevert(stale(id, 0, round, count, 1, 0));
        council.castSignedVote(id, 1, voters[0], round, count, REASON, signature);
    }

    /// @dev Invariant 18. A ballot is good once: every accepted ballot of the seat, signed or not, outdates it.
    function test_castSignedVote_reverts_theSecondTime() public {
        uint256 id = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
        vm.expectRevert(stale(id, 0, 1, 0, 1, 1));
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_onAnotherChain() public {
        uint256 id = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        vm.chainId(4242);
        vm.expectRevert(badSignature(0));
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_atAnotherCouncil() public {
        uint256 id = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        council.activate();
        uint256 otherId = proposeTier1();
        assertTrue(otherId != id, "other id");
        vm.expectRevert(badSignature(0));
        council.castSignedVote(otherId, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_inTheNextRound() public {
        uint256 id = proposeAmendment();
        bytes memory signature = ballot(id, 5, 1, 1, 0);
        vm.prank(voters[6]);
        council.object(id, keccak256("counterexample"), "");
        vm.expectRevert(stale(id, 5, 1, 0, 2, 0));
        council.castSignedVote(id, 1, voters[5], 1, 0, REASON, signature);
    }

    function test_castSignedVote_reverts_afterTheClose() public {
        uint256 id = proposeTier1();
        bytes memory signature = ballot(id, 0, 1, 1, 0);
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Active));
        council.castSignedVote(id, 1, voters[0], 1, 0, REASON, signature);
    }

    function test_castSignedVote_counts_byAnyRelayer(uint8 seat, uint8 support, bool compact, address relayer) public {
        (seat, support) = (seat % 15, support % 3);
        uint256 id = proposeTier1();
        bytes32 digest = council.ballotDigest(id, support, voters[seat], 1, 0, REASON);
        bytes memory signature =
            compact ? signCompact(Charter.votingSecret(seat), digest) : sign(Charter.votingSecret(seat), digest);
        vm.expectEmit(address(council));
        emit ICouncil.VoteCast(voters[seat], id, support, 1, REASON);
        vm.prank(relayer);
        assertEq(council.castSignedVote(id, support, voters[seat], 1, 0, REASON, signature), 1, "weight");
        assertBallot(id, seat, support + 1, 1, 1);
    }

    function test_castSignedVote_follows_aDirectBallot() public {
        uint256 id = proposeTier1();
        vote(id, 0, Support.Against);
        council.castSignedVote(id, 1, voters[0], 1, 1, REASON, ballot(id, 0, 1, 1, 1));
        assertBallot(id, 0, 2, 1, 2);
    }

    /// @dev The digest is EIP-712's, field by field.
    function test_ballotDigest_isEip712(
        uint256 id,
        uint8 support,
        address voter,
        uint8 round,
        uint8 count,
        string memory reason
    ) public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Custodes"),
                keccak256("1"),
                block.chainid,
                address(council)
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256(
                    "Ballot(uint256 proposalId,uint8 support,address voter,uint8 round,uint8 count,string reason)"
                ),
                id,
                support,
                voter,
                round,
                count,
                keccak256(bytes(reason))
            )
        );
        bytes32 expected = keccak256(abi.encodePacked(hex"1901", domain, content));
        assertEq(council.ballotDigest(id, support, voter, round, count, reason), expected, "digest");
    }

    function ballot(uint256 id, uint8 seat, uint8 support, uint8 round, uint8 count)
        private
        view
        returns (bytes memory)
    {
        return sign(Charter.votingSecret(seat), council.ballotDigest(id, support, voters[seat], round, count, REASON));
    }

    function badSignature(uint8 seat) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.BadSignature.selector, voters[seat]);
    }

    function stale(uint256 id, uint8 seat, uint8 round, uint8 count, uint8 expectedRound, uint8 expectedCount)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ICouncil.StaleBallot.selector, id, seat, round, count, expectedRound, expectedCount
        );
    }
}
