import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

@Suite struct DoorTests {
    static var network: ReplicaNetwork {
        ReplicaNetwork(count: 5) { $0 == .zero ? [0, 1, 2, 3] : [1, 2, 3, 4] }
    }

    static var first: Instance {
        network.instance(.zero, base: ReplicaNetwork.genesis, previousSeed: nil)
    }

    static var second: Instance {
        let base = header(height: 3, parent: .zero).summary
        return network.instance(Epoch(1), base: base, previousSeed: first.seed)
    }

    static func header(height: UInt64, parent: Digest) -> Header {
        Header(
            genesisHash: ReplicaNetwork.genesis.hash, epoch: .zero, height: Height(height),
            view: View(height), parentView: View(height - 1), parentHash: parent,
            timestamp: Timestamp(2_000 + height), proposer: 0, transactionsRoot: .zero,
            stateRoot: .zero, receiptsRoot: .zero, setHash: .zero, nextSetHash: .zero,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 1)
    }

    /// A certificate by the validators at `signers`, signed for `instance`, that claims `epoch`.
    static func certificate(
        _ statement: Statement, view: UInt64, signers: [UInt16], in instance: Instance,
        claiming epoch: Epoch? = nil
    ) -> Certificate {
        let message = statement.signBytes(instance: instance.id, view: View(view))
        let network = network
        let votes = signers.map { signer in
            let key = instance.validators.validator(at: signer)?.key
            let node = network.publicKeys.firstIndex { $0 == key } ?? 0
            return Verified<Vote>.restored(
                Vote(
                    epoch: epoch ?? instance.epoch, view: View(view), signer: signer,
                    statement: statement,
                    signature: ReplicaNetwork.consensusKey(node).sign(message)))
        }
        return Verified<Certificate>(
            assembling: votes, validatorCount: instance.validators.count, isPartial: false
        ).value
    }

    static func check(_ job: VerificationJob, in instance: Instance) throws(VerificationError) {
        _ = try Door.verified(job, in: instance, genesisHash: ReplicaNetwork.genesis.hash)
    }

    @Test func `P29 a certificate of another epoch is unverifiable, and nobody's fault`() {
        let certificate = Self.certificate(
            .nullify, view: 1, signers: [0, 1, 2], in: Self.first)
        #expect(throws: VerificationError.unverifiable(.zero)) {
            try Self.check(.certificates([certificate], header: nil), in: Self.second)
        }
        #expect(!VerificationError.unverifiable(.zero).isSendersFault)
    }

    @Test func `P11 signatures of one epoch are none in another`() {
        let certificate = Self.certificate(
            .nullify, view: 1, signers: [0, 1, 2], in: Self.first, claiming: Epoch(1))
        #expect(throws: VerificationError.badSignature) {
            try Self.check(.certificates([certificate], header: nil), in: Self.second)
        }
    }

    // MARK: Ranges

    private static func range(
        _ blocks: [Block], signers: [UInt16] = [0, 1, 2], final: Header? = nil
    ) -> VerificationJob {
        let head = final ?? blocks.last?.header ?? header(height: 1, parent: .zero)
        let response = RangeResponse(
            first: Height(1), blocks: blocks.map { $0.encoded() },
            finalization: certificate(
                .finalize(head.candidate), view: head.view.value, signers: signers, in: first),
            headers: [])
        return .range(response, first: Height(1), parent: ReplicaNetwork.genesis.hash)
    }

    private static var chain: [Block] {
        var blocks: [Block] = []
        for height in 1...3 as ClosedRange<UInt64> {
            blocks.append(
                Block(
                    header: header(
                        height: height, parent: blocks.last?.hash ?? ReplicaNetwork.genesis.hash),
                    body: BlockBody(transactions: [])))
        }
        return blocks
    }

    @Test func `P16 a range is proven by the finalization above it`() throws {
        try Self.check(Self.range(Self.chain), in: Self.first)
    }

    @Test func `P16 a range under too few signatures is refused`() {
        #expect(throws: VerificationError.self) {
            try Self.check(Self.range(Self.chain, signers: [0, 1]), in: Self.first)
        }
    }

    @Test func `P16 a range that is not what was finalized is refused`() {
        let other = Self.header(height: 3, parent: .zero)
        #expect(throws: VerificationError.badSignature) {
            try Self.check(Self.range(Self.chain, final: other), in: Self.first)
        }
    }

    @Test(arguments: 0..<3)
    func `P16 a range with a gap is refused`(missing: Int) {
        var blocks = Self.chain
        blocks.remove(at: missing)
        let final = Self.chain[2].header
        #expect(throws: VerificationError.badSignature) {
            try Self.check(Self.range(blocks, final: final), in: Self.first)
        }
    }

    @Test func `a proposal for another chain is its leader's fault`() throws {
        var header = Self.header(height: 1, parent: ReplicaNetwork.genesis.hash)
        header.genesisHash = Digest(.genesis, [8])
        let statement = Statement.notarize(header.candidate)
        let vote = try #require(
            Self.certificate(statement, view: 1, signers: [0], in: Self.first).votes.first)
        let proposal = BlockProposal(
            vote: vote, header: header, body: BlockBody(transactions: []).encoded(),
            justification: [])
        #expect(throws: VerificationError.badSignature) {
            try Self.check(.proposal(proposal), in: Self.first)
        }
    }

    /// A compact proposal for a header that commits to a list of the ids 1, 2 and 3.
    private static func compactProposal(
        naming ids: [UInt8], header change: (inout Header) -> Void = { _ in }
    ) throws -> VerificationJob {
        func digests(_ ids: [UInt8]) -> [Digest] { ids.map { Digest(.transactionID, [$0]) } }
        var header = header(height: 1, parent: ReplicaNetwork.genesis.hash)
        header.transactionsRoot = BlockBody.transactionsRoot(digests([1, 2, 3]))
        change(&header)
        let vote = try #require(
            certificate(.notarize(header.candidate), view: 1, signers: [0], in: first)
                .votes.first)
        let body = CompactBody(
            transactions: digests(ids), evidence: [], participation: [])
        return .proposal(
            BlockProposal(
                vote: vote, header: header, body: body.encoded(), isCompact: true,
                justification: []))
    }

    @Test func `a list of ids proves itself by the header's root`() throws {
        try Self.check(Self.compactProposal(naming: [1, 2, 3]), in: Self.first)
    }

    @Test(arguments: [[], [1, 2], [1, 3, 2], [1, 2, 4], [1, 2, 3, 3]] as [[UInt8]])
    func `a list that the header does not commit to is its leader's fault`(ids: [UInt8]) throws {
        let job = try Self.compactProposal(naming: ids)
        #expect(throws: VerificationError.badSignature) { try Self.check(job, in: Self.first) }
    }

    @Test func `a list that names a transaction twice is none, whatever its root`() throws {
        let ids = ([1, 2, 1] as [UInt8]).map { Digest(.transactionID, [$0]) }
        let job = try Self.compactProposal(naming: [1, 2, 1]) {
            $0.transactionsRoot = BlockBody.transactionsRoot(ids)
        }
        #expect(throws: VerificationError.badSignature) { try Self.check(job, in: Self.first) }
    }

    @Test func `a compact proposal under another evidence root is its leader's fault`() throws {
        let job = try Self.compactProposal(naming: [1, 2, 3]) {
            $0.evidenceRoot = Digest(.evidenceNode, [1])
        }
        #expect(throws: VerificationError.badSignature) { try Self.check(job, in: Self.first) }
    }
}
