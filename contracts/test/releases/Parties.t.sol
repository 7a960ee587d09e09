// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, Mode, Reclassify, WorkerGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

/// @dev A model in arithmetic shares is safe only while its parties do not pool them.
/// In the test charter seat i has the jurisdiction i mod 5, and an affiliation of its own.
contract PartiesTest is ReleasesTest {
    bytes32 private model;

    function setUp() public override {
        super.setUp();
        model = register(1, 0);
    }

    function test_parties_areAccepted_fromThreeIndependentOrganisations() public {
        WorkerGrant[] memory workers = parties("org-0", "org-6", "org-12");
        bytes32 releaseId = bytes32(enact(releases, ActionKind.GrantRelease, granted(workers), 2));
        for (uint16 party = 1; party <= 3; ++party) {
            bytes32 identity = identityOf(model, Mode.Mpc, party);
            assertEq(releases.workerIdentity(releaseId, workers[party - 1].worker), identity, "identity of the party");
        }
    }

    function test_parties_areRefused_fromOneOrganisation() public {
        assertDependent(parties("org-0", "org-6", "org-0"), 2, 0);
    }

    function test_parties_areRefused_fromOneJurisdiction() public {
        assertDependent(parties("org-0", "org-6", "org-11"), 2, 1);
    }

    /// @dev Seats are granted to distinct groups; labels that turn out to be the same later are judged here as they
    /// are, of a suspended seat too.
    function test_parties_areRefused_fromOneAffiliationGroup() public {
        reclassify(12, "BR", seats.getSeat(0).affiliation);
        assertDependent(parties("org-0", "org-6", "org-12"), 2, 0);
    }

    /// @dev A reclassification binds what is judged after it. A release that stands goes on, and is renewed: who wants it
    /// to end revokes it, at tier 1.
    function test_parties_ofAReleaseThatStands_areNotJudgedAgain() public {
        WorkerGrant[] memory workers = parties("org-0", "org-6", "org-12");
        bytes32 releaseId = bytes32(enact(releases, ActionKind.GrantRelease, granted(workers), 2));
        reclassify(12, "JP", seats.getSeat(12).affiliation); // as the seat of the second party
        assertDependent(workers, 2, 1);
        assertReleasability(releaseId, workers[2].worker, IReleases.Releasability.Releasable);
        skip(1 days);
        bytes memory renewal = renewing(releaseId, nowAt() + lifetime());
        enact(releases, ActionKind.RenewRelease, renewal, 2);
    }

    /// @dev R-Releases-12.
    function test_parties_areRefused_withoutASeat() public {
        WorkerGrant[] memory workers = parties("org-0", "org-6", "nobody");
        bytes memory err =
            abi.encodeWithSelector(IReleases.PartyWithoutSeat.selector, workers[2].worker, workers[2].organisation);
        assertRefused(releases, ActionKind.GrantRelease, granted(workers), err);
    }

    function test_parties_mayHaveSeveralWorkers_ofOneOrganisation() public {
        WorkerGrant[] memory workers = new WorkerGrant[](4);
        WorkerGrant[] memory three = parties("org-0", "org-6", "org-12");
        (workers[0], workers[1], workers[2]) = (three[0], three[1], three[2]);
        workers[3] = WorkerGrant(address(0x2000), 2, "org-6");
        bytes32 releaseId = bytes32(enact(releases, ActionKind.GrantRelease, granted(workers), 2));
        assertEq(releases.workerIdentity(releaseId, address(0x2000)), identityOf(model, Mode.Mpc, 2), "identity");
    }

    // --- from one release to the next

    /// @dev R-Releases-13. Each release alone would be fair; the two together would give one hand two parties.
    function test_parties_areRefused_toWhoWasGivenAnother() public {
        enact(releases, ActionKind.GrantRelease, granted(parties("org-0", "org-6", "org-12")), 2);
        bytes32 affiliation = seats.getSeat(0).affiliation;
        WorkerGrant[] memory workers = parties("org-3", "org-0", "org-14");
        assertHeld(workers, 1, affiliation, 1);
        workers = parties("org-3", "org-5", "org-14"); // the jurisdiction of org-0, in another chamber
        assertHeld(workers, 1, bytes32(seats.getSeat(0).jurisdiction), 1);
        assertEq(releases.partyOf(model, affiliation), 1, "party of the group");
        assertEq(releases.partyOf(model, bytes32(seats.getSeat(12).jurisdiction)), 3, "party of the jurisdiction");
    }

    /// @dev R-Releases-13. Whether or not the release that gave it lives: what was unlocked stays known.
    function test_parties_areRefused_afterARevocation() public {
        revoke(bytes32(enact(releases, ActionKind.GrantRelease, granted(parties("org-0", "org-6", "org-12")), 2)));
        assertHeld(parties("org-6", "org-3", "org-14"), 0, seats.getSeat(6).affiliation, 2);
    }

    function test_parties_areAccepted_again_andForAnotherModel() public {
        enact(releases, ActionKind.GrantRelease, granted(parties("org-0", "org-6", "org-12")), 2);
        enact(releases, ActionKind.GrantRelease, granted(parties("org-0", "org-6", "org-12")), 2);
        enact(releases, ActionKind.GrantRelease, granted(parties("org-3", "org-11", "org-14")), 2);
        model = register(2, 0);
        enact(releases, ActionKind.GrantRelease, granted(parties("org-12", "org-0", "org-6")), 2);
    }

    /// @dev Plain use gives no party, so it binds nobody.
    function test_plainWorkers_holdNoParty() public {
        enact(releases, ActionKind.GrantRelease, granting(model), 2);
        assertEq(releases.partyOf(model, seats.getSeat(0).affiliation), 0, "party");
    }

    function test_plainWorkers_needNoSeat() public {
        WorkerGrant[] memory workers = new WorkerGrant[](1);
        workers[0] = WorkerGrant(WORKER, 0, "a hospital");
        enact(releases, ActionKind.GrantRelease, abi.encode(toWorkers(model, Mode.Plain, workers)), 2);
    }

    /// @dev R-Releases-12. Every pair of seats is judged by its labels alone.
    function test_parties_areIndependent_exactlyIfLabelsDiffer(uint8 a, uint8 b) public {
        a = a % uint8(Charter.SEATS);
        b = b % uint8(Charter.SEATS);
        WorkerGrant[] memory workers = new WorkerGrant[](2);
        workers[0] = WorkerGrant(address(0x1001), 1, Charter.name(a));
        workers[1] = WorkerGrant(address(0x1002), 2, Charter.name(b));
        if (a % 5 == b % 5) assertDependent(workers, 1, 0);
        else enact(releases, ActionKind.GrantRelease, granted(workers), 2);
    }

    function reclassify(uint8 seat, bytes2 jurisdiction, bytes32 affiliation) private {
        bytes memory action = abi.encode(Reclassify(seat, jurisdiction, affiliation, 0, 0));
        enact(seats, ActionKind.Reclassify, action, 4);
    }

    function parties(string memory one, string memory two, string memory three)
        private
        pure
        returns (WorkerGrant[] memory workers)
    {
        workers = new WorkerGrant[](3);
        workers[0] = WorkerGrant(address(0x1001), 1, one);
        workers[1] = WorkerGrant(address(0x1002), 2, two);
        workers[2] = WorkerGrant(address(0x1003), 3, three);
    }

    function granted(WorkerGrant[] memory workers) private view returns (bytes memory) {
        return abi.encode(toWorkers(model, Mode.Mpc, workers));
    }

    function assertHeld(WorkerGrant[] memory workers, uint256 i, bytes32 label, uint16 held) private {
        bytes memory err =
            abi.encodeWithSelector(IReleases.PartyHeld.selector, workers[i].worker, label, held, workers[i].party);
        assertRefused(releases, ActionKind.GrantRelease, granted(workers), err);
    }

    function assertDependent(WorkerGrant[] memory workers, uint256 i, uint256 j) private {
        bytes memory err =
            abi.encodeWithSelector(IReleases.DependentParties.selector, workers[i].worker, workers[j].worker);
        assertRefused(releases, ActionKind.GrantRelease, granted(workers), err);
    }
}
