import Chain
import Codec
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct OffencesTests {
    private static let unbonding: UInt64 = 300_000

    private func world(epochLength: UInt64 = 3) throws -> EpochWorld {
        try EpochWorld(epochLength: epochLength) {
            try $0.set("staking.unbonding", to: .integer(OffencesTests.unbonding))
        }
    }

    /// Why evidence may not be in the next block of a world.
    private func rejection(
        _ entry: ReportedEvidence, _ world: EpochWorld, after milliseconds: UInt64 = 1_000
    ) throws -> EvidenceRejection? {
        let job = world.job(evidence: [entry], after: milliseconds)
        let built = try world.built(job)
        #expect(built.block.body.evidence.isEmpty == !built.refusedEvidence.isEmpty)
        // The verifier thinks of a block with it what the leader thinks of it.
        let rejection = OffencesTests.rejection(entry, header: built.block.header, world)
        #expect(built.refusedEvidence == (rejection == nil ? [] : [entry.evidence.id]))
        return rejection
    }

    private static func rejection(
        _ entry: ReportedEvidence, header: Header, _ world: EpochWorld,
        signatures: SignatureCheck = .ed25519
    ) -> EvidenceRejection? {
        let context = BlockContext(header: header, parentTimestamp: world.head.timestamp)
        do throws(BlockRejection) {
            _ = try Ledger.execute(
                [], evidence: [entry], context: context, over: world.state,
                signatures: signatures)
            return nil
        } catch {
            guard case .evidence(index: 0, let rejection) = error else { return nil }
            return rejection
        }
    }

    @Test func `evidence opens an offence once`() throws {
        var world = try world()
        try world.append()
        let entry = try world.evidence(against: 2, reporter: EpochWorld.people[1])
        let executed = try world.append(evidence: [entry])
        #expect(executed.block.body.evidence == [entry])
        #expect(executed.block.header.evidenceRoot != .zero)
        let record = try #require(Queries.offence(of: EpochWorld.key(2), over: world.state))
        #expect(record.operatorAddress == world.genesis.validators[2].operatorAddress)
        #expect(record.epoch == .zero && record.view == View(7))
        #expect(record.first == .nullify && record.second == .finalize)
        #expect(record.height == Height(2) && record.time == world.head.timestamp)
        #expect(record.reporter == EpochWorld.people[1].address)
        #expect(
            executed.execution.blockEvents.first
                == .validators(
                    .offended(
                        operatorAddress: record.operatorAddress, key: EpochWorld.key(2),
                        epoch: .zero, view: View(7), reporter: record.reporter)))
        // A quarter of the power: (3/4)² of the stake.
        let validator = try #require(
            Queries.validator(operator: record.operatorAddress, over: world.state))
        #expect(validator.status == .jailed && validator.isBarred)
        let bond = world.genesis.validators[2].selfBond.value
        #expect(
            Queries.stake(of: record.operatorAddress, over: world.state).bonded.value
                == bond - (bond * 9).dividedUp(by: 16))
        #expect(Invariants.violations(over: world.state).isEmpty)
        #expect(
            Queries.offences(of: record.operatorAddress, over: world.state)
                == [OffenceView(key: EpochWorld.key(2), record: record)])
        // Another view, another pair, another epoch: the key offended once.
        #expect(try rejection(entry, world) == .known(.zero))
        let other = try world.evidence(against: 2, view: View(8))
        #expect(try rejection(other, world) == .known(.zero))
        try world.advance(to: Epoch(1))
        try world.append()
        #expect(try rejection(try world.evidence(against: 2), world) == .known(.zero))
    }

    @Test func `evidence about an earlier epoch lowers the offence`() throws {
        var world = try world()
        try world.advance(to: Epoch(2))
        try world.append()
        try world.append(evidence: [try world.evidence(against: 1)])
        let opened = try #require(Queries.offence(of: EpochWorld.key(1), over: world.state))
        let earlier = try world.evidence(
            against: 1, epoch: Epoch(1), view: View(3), reporter: EpochWorld.people[2])
        try world.append(evidence: [earlier])
        let lowered = try #require(Queries.offence(of: EpochWorld.key(1), over: world.state))
        #expect(opened.epoch == Epoch(2) && lowered.epoch == Epoch(1))
        #expect(lowered.view == View(3))
        // Who opened it stays.
        #expect(lowered.height == opened.height && lowered.time == opened.time)
        #expect(lowered.reporter == opened.reporter)
        #expect(
            try rejection(try world.evidence(against: 1, epoch: Epoch(2)), world)
                == .known(Epoch(1)))
        #expect(try rejection(try world.evidence(against: 1, epoch: .zero), world) == nil)
    }

    @Test func `one block takes offences of many and each once`() throws {
        var world = try EpochWorld(validators: 20, epochLength: 9)
        try world.append()
        var entries = try (0..<20).map { try world.evidence(against: $0) }
        entries.insert(try world.evidence(against: 0, view: View(9)), at: 1)
        let built = try world.built(world.job(evidence: entries))
        #expect(built.block.body.evidence.count == Limits.evidencePerBlockMax)
        #expect(built.refusedEvidence == [entries[1].evidence.id])
        #expect(world.verdict(built.block) == .valid)
        try world.append(evidence: entries)
        try world.append(evidence: entries)
        #expect(Queries.offences(over: world.state).count == 20)
        #expect(Queries.offences(over: world.state, limit: 3).count == 3)
    }

    @Test func `a block with too much evidence, or the same twice, is invalid`() throws {
        let world = try EpochWorld(validators: 20, epochLength: 9)
        let header = try world.built(world.job()).block.header
        let context = BlockContext(header: header, parentTimestamp: world.head.timestamp)
        let entries = try (0..<17).map { try world.evidence(against: $0) }
        #expect(throws: BlockRejection.tooMuchEvidence(count: 17, limit: 16)) {
            try Ledger.execute([], evidence: entries, context: context, over: world.state)
        }
        let twice = [entries[3], entries[3]]
        #expect(throws: BlockRejection.evidence(index: 1, .known(.zero))) {
            try Ledger.execute([], evidence: twice, context: context, over: world.state)
        }
        #expect(throws: Never.self) {
            try Ledger.execute(
                [], evidence: entries.dropLast(), context: context, over: world.state)
        }
    }

    @Test func `the greatest evidence fits the bytes that are kept for it`() throws {
        let world = try world()
        let entry = try world.evidence(
            against: 0, view: View(.max),
            first: .notarize(Candidate(parentView: .zero, blockHash: .zero)),
            second: .notarize(Candidate(parentView: View(1), blockHash: .zero)))
        #expect(
            entry.encoded().count * Limits.evidencePerBlockMax == Limits.evidenceBytesMax)
    }

    @Test func `a signature that is wrong is no evidence`() throws {
        var world = try world()
        try world.append()
        let good = try world.evidence(against: 0).evidence
        let pairs = [
            (good.first.damaged, good.second), (good.first, good.second.damaged),
        ]
        for (first, second) in pairs {
            let entry = try reported(first, second)
            #expect(try rejection(entry, world) == .invalid(.badSignature))
        }
        // Votes of another epoch's instance are no votes of this one.
        let elsewhere = try EpochWorld(epochLength: 7).evidence(against: 0)
        #expect(try rejection(elsewhere, world) == .invalid(.badSignature))
    }

    @Test func `SEC-11 evidence is in time by the chain's own times, to the millisecond`() throws {
        var world = try world(epochLength: 2)
        try world.advance(to: Epoch(1))
        let end = world.head.timestamp
        let entry = try world.evidence(against: 3, epoch: .zero)
        try world.append()
        let left = end.value + OffencesTests.unbonding - world.head.timestamp.value
        #expect(try rejection(entry, world, after: left) == nil)
        #expect(
            try rejection(entry, world, after: left + 1)
                == .tooLate(
                    epoch: .zero, end: end,
                    now: end.advanced(by: OffencesTests.unbonding + 1)))
        // An epoch that has not ended takes it at any time.
        let present = try world.evidence(against: 3)
        #expect(try rejection(present, world, after: 1 << 50) == nil)
    }

    @Test func `SEC-11 a leader's block with any evidence is one that verifiers accept`() throws {
        var world = try world(epochLength: 2)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<40 {
            let entries = try (0..<4).map { _ in
                let epoch = UInt64.random(in: 0...(world.epoch.value + 1), using: &random)
                return try world.evidence(
                    against: Int.random(in: 0..<4, using: &random), epoch: Epoch(epoch),
                    view: View(UInt64.random(in: 0...3, using: &random)))
            }
            // `append` checks every block with a verifier of its own.
            try world.append(
                evidence: entries, after: UInt64.random(in: 1...120_000, using: &random))
        }
        #expect(!Queries.offences(over: world.state).isEmpty)
    }

    @Test func `SEC-12 evidence of what is not known is refused and stops nothing`() throws {
        var world = try world()
        try world.advance(to: Epoch(1))
        try world.append()
        for epoch in [2, 3, 4, 1 << 63, .max] as [UInt64] {
            let entry = try world.evidence(against: 0, epoch: Epoch(epoch))
            #expect(try rejection(entry, world) == .unknownEpoch(Epoch(epoch)))
        }
        let base = try world.evidence(against: 0).evidence
        for signer in [4, 5, 255, 256, .max] as [UInt16] {
            let entry = try reported(
                base.first.changed(signer: signer), base.second.changed(signer: signer))
            #expect(try rejection(entry, world) == .invalid(.signerOutOfRange(signer)))
        }
        // Views that no block ever reached were signed all the same.
        for view in [0, 1, 1 << 63, .max] as [UInt64] {
            #expect(try rejection(world.evidence(against: 0, view: View(view)), world) == nil)
        }
        try world.append()
    }

    @Test func `SEC-12 any bytes that decode as evidence are judged`() throws {
        var world = try world()
        try world.append()
        let bytes = try world.evidence(against: 0).encoded()
        let header = try world.built(world.job()).block.header
        var random = SeededGenerator(seed: 12)
        var decodedCount = 0
        for _ in 0..<2_000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            guard let entry = try? ReportedEvidence(decoding: mutated) else { continue }
            decodedCount += 1
            let rejection = OffencesTests.rejection(entry, header: header, world)
            let isSame = entry.evidence.encoded() == Array(bytes.dropLast(32))
            #expect((rejection == nil) == isSame)
        }
        #expect(decodedCount > 100)
    }

    @Test func `SEC-15 a signer's index counts in the set of the votes' own epoch`() throws {
        // The set turns by one seat every epoch, so that an index names another key.
        let election = Election { facts in
            let start = Int(facts.epoch.value)
            return (0..<4).map { index in
                Validator(
                    key: facts.records[(start + index) % 6].consensusKey,
                    power: UInt64(100 - index))
            }
        }
        var world = try EpochWorld(validators: 6, epochLength: 2, election: election)
        try world.advance(to: Epoch(3))
        let before = try #require(Queries.validatorSet(of: Epoch(2), over: world.state))
        let now = world.instance.validators
        #expect(before.validators[0].key != now.validators[0].key)
        let index = try #require(
            (0..<6).first { EpochWorld.key($0) == before.validators[0].key })
        let entry = try world.evidence(against: index, epoch: Epoch(2))
        #expect(entry.evidence.signer == 0)
        try world.append(evidence: [entry])
        #expect(Queries.offence(of: before.validators[0].key, over: world.state) != nil)
        #expect(Queries.offence(of: now.validators[0].key, over: world.state) == nil)
    }

    @Test func `a simulation brings its own signatures`() throws {
        let world = try world()
        let good = try world.evidence(against: 0).evidence
        let never = SignatureCheck { _, _, _ in false }
        let always = SignatureCheck { _, _, _ in true }
        #expect(throws: VerificationError.badSignature) {
            try Verified(good, in: world.instance, signatures: never)
        }
        #expect(throws: Never.self) { try Verified(good, in: world.instance) }
        let blank = Signature([UInt8](repeating: 0, count: 64))
        let entry = try reported(
            good.first.changed(signature: blank), good.second.changed(signature: blank))
        let header = try world.built(world.job()).block.header
        #expect(
            OffencesTests.rejection(entry, header: header, world) == .invalid(.badSignature))
        #expect(
            OffencesTests.rejection(entry, header: header, world, signatures: always) == nil)
    }

    private func reported(_ first: Vote, _ second: Vote) throws -> ReportedEvidence {
        ReportedEvidence(
            evidence: try #require(Evidence(first, second)),
            reporter: EpochWorld.people[0].address)
    }
}

extension Vote {
    fileprivate func changed(signer: UInt16? = nil, signature: Signature? = nil) -> Vote {
        Vote(
            epoch: epoch, view: view, signer: signer ?? self.signer, statement: statement,
            signature: signature ?? self.signature)
    }

    fileprivate var damaged: Vote {
        var bytes = signature.bytes
        bytes[5] ^= 1
        return changed(signature: Signature(bytes))
    }
}
