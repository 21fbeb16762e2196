import Chain
import Cryptography
import Testing

@testable import Ledger

/// S25 and SEC-15: whatever an election says, the chain goes on with a set.
@Suite struct ElectionTests {
    struct Case {
        let name: String
        let election: Election

        init(_ name: String, _ elect: @escaping @Sendable (ElectionFacts) -> [Validator]) {
            self.name = name
            election = Election(elect)
        }
    }

    static let bad: [Case] = [
        Case("nobody") { _ in [] },
        Case("three of at least four") { Array($0.previous.validators.prefix(3)) },
        Case("the same key twice") { $0.previous.validators + $0.previous.validators.prefix(1) },
        Case("power zero") { facts in
            facts.previous.validators.map { Validator(key: $0.key, power: 0) }
        },
        Case("power above the bound") { facts in
            facts.previous.validators.map { Validator(key: $0.key, power: 1 << 59) }
        },
        Case("power that overflows") { facts in
            facts.previous.validators.map { Validator(key: $0.key, power: .max) }
        },
        Case("a key of nobody") { facts in
            facts.previous.validators.dropLast() + [Validator(key: Person(9).key, power: 5)]
        },
        Case("a key that is no point") { facts in
            facts.previous.validators
                + [Validator(key: PublicKey([UInt8](repeating: 0, count: 32)), power: 5)]
        },
        Case("too many") { _ in
            (0..<300).map { index in
                let bytes = [UInt8](repeating: 3, count: 30)
                let seed = bytes + [UInt8(index / 256), UInt8(index % 256)]
                return Validator(key: SigningKey(seed: seed).publicKey, power: 1)
            }
        },
    ]

    @Test(arguments: bad.indices)
    func `S25 an election that gives no set leaves the set as it was`(_ index: Int) throws {
        var world = try EpochWorld(
            validators: 5, epochLength: 2, election: ElectionTests.bad[index].election
        ) { try $0.set("staking.minValidators", to: .integer(4)) }
        let set = world.instance.validators
        var fallbacks = 0
        for height in 1...10 {
            let events = try world.append().execution.blockEvents.filter { event in
                if case .validators = event { true } else { false }
            }
            #expect(world.instance.validators == set)
            let expected = Event.validators(
                .elected(Epoch(UInt64(height / 2 + 1)), setHash: set.hash, isFallback: true))
            #expect(events == (height % 2 == 0 ? [expected] : []))
            fallbacks += events.count
        }
        #expect(fallbacks == 5)
    }

    @Test func `S25 equal powers and the greatest total are sets`() throws {
        let election = Election { facts in
            facts.previous.validators.map { Validator(key: $0.key, power: 1 << 58) }
        }
        var world = try EpochWorld(validators: 4, epochLength: 1, election: election)
        for _ in 0..<4 { try world.append() }
        #expect(world.instance.validators.totalPower == Limits.totalPowerMax)
    }

    @Test func `S25 fewer than the minimum may stand if there were fewer before`() throws {
        // One validator alone, and the minimum rises: nobody else is there.
        let facts = ElectionFacts(
            epoch: Epoch(2), previous: try ValidatorSet([Validator(key: Person(1).key, power: 1)]),
            records: [])
        #expect(Election.standing.set(facts, countMin: 4) == nil)
        let world = try EpochWorld(validators: 1)
        let known = ElectionFacts(
            epoch: Epoch(2), previous: world.instance.validators,
            records: Queries.validators(over: world.state))
        #expect(Election.standing.set(known, countMin: 4) == world.instance.validators)
    }

    @Test func `SEC-15 random elections never stop a chain`() throws {
        for seed in 0..<12 as Range<UInt64> {
            let election = Election { facts in
                var random = SeededGenerator(seed: seed &* 1_000 &+ facts.epoch.value)
                let count = Int.random(in: 0...8, using: &random)
                return (0..<count).map { _ in
                    let record = facts.records.randomElement(using: &random)
                    let power = UInt64.random(in: 0...3, using: &random) << 58
                    return Validator(
                        key: record?.consensusKey ?? Person(1).key,
                        power: power >> UInt64.random(in: 0...60, using: &random))
                }
            }
            var world = try EpochWorld(
                validators: 8, epochLength: 1 + seed % 3, election: election)
            for _ in 0..<24 {
                let block = try world.append().block
                #expect(block.header.setHash != .zero)
            }
        }
    }

    @Test func `SEC-15 a certificate counts in its own epoch alone`() throws {
        var world = try EpochWorld(epochLength: 1)
        let first = world.instance
        try world.append()
        let second = world.instance
        #expect(first.validators == second.validators)
        let statement = Statement.nullify
        var bitmap = SignerBitmap(count: 4)
        for signer in 0..<4 as Range<UInt16> { bitmap.insert(signer) }
        let always = SignatureCheck { _, _, _ in true }
        let certificate = Certificate(
            epoch: first.epoch, view: View(1), statement: statement, isPartial: false,
            bitmap: bitmap,
            signatures: (0..<4).map { _ in Signature([UInt8](repeating: 0, count: 64)) })
        #expect(throws: VerificationError.unverifiable(first.epoch)) {
            try Verified(certificate, in: second, signatures: always)
        }
        #expect(throws: Never.self) {
            try Verified(certificate, in: first, signatures: always)
        }
    }
}
