import Chain
import Cryptography
import Testing

@testable import Consensus

/// I20: what an engine keeps and what it asks for at once is bounded, however long nothing becomes
/// final.
@Suite struct ResourceTests {
    /// A hundred validators, whose certificates are 4 KB each.
    private static let instance: Instance = {
        let validators = (0..<100).map { Validator(key: TestKeys.publicKey($0), power: 1) }
        return TestKeys.instance(validators)
    }()

    /// Nothing is verified here, so that any signature will do.
    private static func certificate(
        _ statement: Statement, view: UInt64
    ) -> Verified<Certificate> {
        var bitmap = SignerBitmap(count: 100)
        for signer in 0..<67 as Range<UInt16> { bitmap.insert(signer) }
        let signature = Signature([UInt8](repeating: 5, count: 64))
        return .restored(
            Certificate(
                epoch: .zero, view: View(view), statement: statement, isPartial: false,
                bitmap: bitmap, signatures: [Signature](repeating: signature, count: 67)))
    }

    /// An engine that has seen so many views given up.
    ///
    /// - Parameter most: the most effects of one step.
    private static func stalled(_ views: UInt64, most: inout Int) -> Engine {
        var engine = Engine(
            .init(
                instance: instance, own: 7,
                timing: Timing(
                    blockInterval: 0, idleInterval: 0, leaderTimeout: 1_000,
                    advanceTimeout: 2_000)))
        var effects: [Effect] = []
        var now = Instant.zero
        engine.handle(.start(Recovery()), at: now, into: &effects)
        for view in 1...views {
            effects.removeAll()
            engine.handle(
                .certificate(certificate(.nullify, view: view), header: nil, from: 1), at: now,
                into: &effects)
            engine.handle(.durable(sequence: .max), at: now, into: &effects)
            most = max(most, effects.count)
        }
        for _ in 0..<20 {
            now = now.advanced(byMilliseconds: 5_000)
            effects.removeAll()
            engine.handle(.timer(.standstill), at: now, into: &effects)
            engine.handle(.durable(sequence: .max), at: now, into: &effects)
            most = max(most, effects.count)
        }
        return engine
    }

    @Test func `I20 of views above the last final one only the newest are kept whole`() {
        var most = 0
        let engine = Self.stalled(1_000, most: &most)
        let whole = engine.views.states.filter { !$0.isCompact }
        let current = engine.currentView
        #expect(current == View(1_001))
        #expect(whole.count <= Int(Limits.retainedViewsMax + Limits.futureViewsMax))
        #expect(whole.count >= Int(Limits.retainedViewsMax))
        #expect(most <= 4 * 100 + 80)
    }

    @Test func `I20 what is on the disk is asked of the disk, and the rest answered here`() {
        var most = 0
        let engine = Self.stalled(400, most: &most)
        for want in [CertificateRequest.Want.any, .nullification] {
            let old = CertificateRequest(epoch: .zero, view: View(20), want: want)
            let new = CertificateRequest(epoch: .zero, view: View(390), want: want)
            let (isOldThere, isNewThere) = (engine.isOnDisk(old), engine.isOnDisk(new))
            #expect(isOldThere && !isNewThere)
            let answer = engine.response(to: new)
            #expect(answer.certificates.count == 1)
        }
        let notarization = CertificateRequest(epoch: .zero, view: View(20), want: .notarization)
        let isNotarized = engine.isOnDisk(notarization)
        #expect(!isNotarized)
        let beyond = CertificateRequest(epoch: .zero, view: View(402), want: .any)
        let isBeyond = engine.isOnDisk(beyond)
        #expect(!isBeyond)
    }

    @Test func `I20 a nullification that is on the disk counts as held`() {
        var most = 0
        var engine = Self.stalled(400, most: &most)
        let again = MessageSummary(Self.certificate(.nullify, view: 3).value)
        let verdict = engine.wants(again)
        #expect(verdict == .drop)
        // A proposal over all of them needs no certificate.
        let leader = engine.currentLeader
        let header = Header(
            genesisHash: Self.instance.base.hash, epoch: .zero, height: Height(1), view: View(401),
            parentView: .zero, parentHash: Self.instance.base.hash, timestamp: Timestamp(9_000),
            proposer: leader, transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero,
            setHash: Self.instance.validators.hash, nextSetHash: Self.instance.validators.hash,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 0)
        let candidate = Candidate(parentView: .zero, blockHash: header.hash)
        let vote = Vote(
            epoch: .zero, view: View(401), signer: leader, statement: .notarize(candidate),
            signature: Signature([UInt8](repeating: 5, count: 64)))
        var effects: [Effect] = []
        engine.handle(
            .proposal(.restored(vote), header: header, from: leader),
            at: Instant(nanoseconds: 200_000_000_000), into: &effects)
        let executed = effects.contains {
            if case .execute(let request) = $0 { request.hash == header.hash } else { false }
        }
        #expect(executed)
        // And a finalization of such a view is a broken chain.
        effects.removeAll()
        engine.handle(
            .certificate(Self.certificate(.finalize(candidate), view: 3), header: nil, from: 1),
            at: Instant(nanoseconds: 200_000_000_000), into: &effects)
        engine.handle(
            .durable(sequence: .max), at: Instant(nanoseconds: 200_000_000_000), into: &effects)
        // The other certificate is in the log; the new one is told once.
        let halts = effects.filter {
            if case .report(.safetyHalt(.none, _)) = $0 { true } else { false }
        }
        #expect(halts.count == 1)
        let told = effects.filter {
            if case .send(.certificate, to: .all) = $0 { true } else { false }
        }
        #expect(told.count == 1)
    }
}
