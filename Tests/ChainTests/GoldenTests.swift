import Chain
import Codec
import Cryptography
import Testing

/// The wire cannot change by accident: every encoding and hash is compared with recorded bytes.
/// Changing one is a commit of its own that says why.
@Suite struct GoldenTests {
    @Test func `every encoding and hash is what was recorded`() {
        for (name, bytes) in GoldenValues.all {
            #expect(bytes.hex == GoldenVectors.hex(name), "\(name)")
        }
        #expect(GoldenValues.all.count == GoldenVectors.count)
    }

    @Test func `what was recorded decodes to the value that it was made from`() throws {
        func check<Value: CanonicalCodable & Equatable>(_ value: Value, _ name: String) throws {
            let bytes = try #require([UInt8](hex: GoldenVectors.hex(name)))
            #expect(try Value(decoding: bytes) == value, "\(name)")
        }
        try check(GoldenValues.transaction, "transaction")
        try check(GoldenValues.signedTransaction, "signedTransaction")
        try check(GoldenValues.receipt, "receipt")
        try check(GoldenValues.failedReceipt, "receipt.failed")
        try check(GoldenValues.validators, "validatorSet")
        try check(GoldenValues.header, "header")
        try check(GoldenValues.vote(.nullify, signer: 1), "vote.nullify")
        try check(GoldenValues.certificate(GoldenValues.finalize), "certificate.finalization")
        try check(GoldenValues.entry, "genesisEntry")
        try check(GoldenValues.epochRecord, "epochRecord")
        try check(GoldenValues.offence, "offenceRecord")
        try check(GoldenValues.participation, "participation")
        try check(GoldenValues.recentBlock, "recentBlock")
        try check(GoldenValues.participationCounts, "participationCounts")
        try check(GoldenValues.rewardPot, "rewardPot")
        try check(GoldenValues.downtimes, "downtimeHistory")
        try check(GoldenValues.blockReceipt, "receipt.ofBlock")
        try check(Action.submitProposal(GoldenValues.draft), "action.submitProposal")
        let genesis = GoldenValues.genesis
        #expect(try Genesis(decoding: genesis.encoded()) == genesis)
        #expect(genesis.hash == Digest(.genesis, genesis.encoded()))
        let block = GoldenValues.block
        #expect(try Block(decoding: block.encoded()) == block)
    }

    @Test func `every action has recorded bytes, and they decode to it`() throws {
        for (name, action) in GoldenActions.values {
            let bytes = try #require([UInt8](hex: GoldenVectors.hex("action." + name)))
            #expect(try Action(decoding: bytes) == action, "\(name)")
        }
        let recorded = GoldenVectors.all.filter { $0.name.hasPrefix("action.") }
            .compactMap { [UInt8](hex: $0.lines.joined()) }
        // Tags below 128 have one byte.
        for tag in 0..<128 as Range<UInt8> where isKnown([tag], to: "Action") {
            #expect(recorded.contains { $0.first == tag }, "action \(tag)")
        }
        for tag in 0..<128 as Range<UInt8> where isKnown([6, tag], to: "StakingAction") {
            #expect(recorded.contains { $0.starts(with: [6, tag]) }, "staking action \(tag)")
        }
        #expect(!isKnown([127], to: "Action"))
        #expect(isKnown([0], to: "Action"))
    }

    private func isKnown(_ tags: [UInt8], to type: String) -> Bool {
        do {
            _ = try Action(decoding: tags)
            return true
        } catch {
            return error != .unknownTag(type: type, tag: UInt64(tags.last ?? 0))
        }
    }

    @Test func `sizes are those of the specification`() {
        // consensus.md 2.2 and 2.20.
        let instance = GoldenValues.instance.id
        #expect(GoldenValues.notarize.signBytes(instance: instance, view: View(3)).count == 96)
        #expect(Statement.nullify.signBytes(instance: instance, view: View(3)).count == 56)
        #expect(GoldenValues.vote(.nullify, signer: 0).encoded().count == 83)
        #expect(GoldenValues.vote(GoldenValues.notarize, signer: 0).encoded().count == 123)
        #expect(GoldenValues.certificate(GoldenValues.finalize).encoded().count == 251)
    }
}
