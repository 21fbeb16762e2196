import Chain
import Codec
import Consensus
import Cryptography
import Testing

@Suite struct MessageTests {
    static let instance = TestKeys.instance(powers: [1, 1, 1, 1])

    static func header(height: UInt64 = 1) -> Header {
        Header(
            genesisHash: instance.base.hash, epoch: .zero, height: Height(height), view: View(1),
            parentView: .zero, parentHash: instance.base.hash, timestamp: Timestamp(2_000),
            proposer: 0, transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero,
            setHash: instance.validators.hash, nextSetHash: instance.validators.hash,
            evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0, gasLimit: 1)
    }

    static func certificate(_ statement: Statement) -> Certificate {
        Verified<Certificate>(
            assembling: (0..<3).map {
                .restored(TestKeys.vote($0, view: 1, statement, in: instance))
            }, validatorCount: 4, isPartial: false
        ).value
    }

    static var proposal: BlockProposal {
        let header = header()
        return BlockProposal(
            vote: TestKeys.vote(0, view: 1, .notarize(header.candidate), in: instance),
            header: header, body: [0, 0, 0], justification: [certificate(.nullify)])
    }

    func roundTrip<Value: CanonicalCodable & Equatable>(_ value: Value) throws {
        let bytes = value.encoded()
        #expect(try Value(decoding: bytes) == value)
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) {
                try Value(decoding: Array(bytes.prefix(length)))
            }
        }
        #expect(throws: DecodeError.self) { try Value(decoding: bytes + [0]) }
    }

    @Test func `messages are what their bytes say`() throws {
        let final = Self.certificate(.finalize(Self.header().candidate))
        try roundTrip(BlockRequest(hash: Digest(.block, [1])))
        try roundTrip(BlockResponse(hash: Digest(.block, [1]), block: [1, 2, 3]))
        try roundTrip(BlockResponse(hash: Digest(.block, [1]), block: nil))
        for want in CertificateRequest.Want.allCases {
            let request = CertificateRequest(epoch: .zero, view: View(9), want: want)
            try roundTrip(request)
            try roundTrip(CertificateResponse(request: request, certificates: [], header: nil))
        }
        try roundTrip(
            CertificateResponse(
                request: CertificateRequest(epoch: .zero, view: View(1), want: .highest),
                certificates: [final, Self.certificate(.nullify)], header: Self.header()))
        try roundTrip(BlockTransactionsRequest(hash: .zero, positions: []))
        try roundTrip(BlockTransactionsRequest(hash: .zero, positions: [3, 4, 65_535]))
        try roundTrip(BlockTransactionsResponse(hash: .zero, transactions: []))
        try roundTrip(
            CompactBody(
                transactions: [Digest(.transactionID, [1]), .zero], evidence: [],
                participation: []))
        try roundTrip(try #require(RangeRequest(first: Height(1), last: Height(32))))
        try roundTrip(
            RangeResponse(
                first: Height(1), blocks: [[1], [2, 3]], finalization: final,
                headers: [Self.header(), Self.header(height: 2)]))
        try roundTrip(EpochHint(finalization: final, header: Self.header()))
    }

    @Test func `a proposal is what its bytes say, and a re-proposal has no block`() throws {
        let proposal = Self.proposal
        #expect(try BlockProposal(decoding: proposal.encoded()) == proposal)
        let again = BlockProposal(vote: proposal.vote, header: nil, body: [], justification: [])
        #expect(try BlockProposal(decoding: again.encoded()) == again)
        #expect(again.isReproposal)
        let compact = BlockProposal(
            vote: proposal.vote, header: proposal.header, body: [0, 0, 0], isCompact: true,
            justification: [])
        #expect(try BlockProposal(decoding: compact.encoded()) == compact)
        #expect(compact.isCompact && compact.encoded()[123] == 2)
        // The flag of a re-proposal with a header behind it.
        var bytes = proposal.encoded()
        bytes[123] = 1
        #expect(throws: DecodeError.self) { try BlockProposal(decoding: bytes) }
        bytes[123] = 3
        #expect(throws: DecodeError.self) { try BlockProposal(decoding: bytes) }
    }

    @Test func `a proposal signed by another kind of vote is refused`() {
        var bytes = Self.proposal.encoded()
        bytes[0] = 3
        #expect(throws: DecodeError.self) { try BlockProposal(decoding: bytes) }
    }

    @Test(arguments: [[1, 1], [2, 1], [0, 5, 5]] as [[UInt16]])
    func `places that do not ascend are refused`(places: [UInt16]) {
        let request = BlockTransactionsRequest(hash: .zero, positions: places)
        #expect(throws: DecodeError.self) {
            try BlockTransactionsRequest(decoding: request.encoded())
        }
    }

    @Test func `a range of no or of 33 heights is refused`() {
        #expect(RangeRequest(first: Height(2), last: Height(1)) == nil)
        #expect(RangeRequest(first: Height(1), last: Height(33)) == nil)
        #expect(RangeRequest(first: Height(0), last: Height(.max)) == nil)
        #expect(RangeRequest(first: Height(7), last: Height(7)) != nil)
    }

    @Test func `a body above the limit is refused before it is read`() {
        let vote = Self.proposal.vote.encoded()
        var writer = ByteWriter()
        writer.writeBytes(vote)
        writer.write(UInt8(0))
        writer.writeByteVector(Self.header().encoded())
        writer.writeLength(BlockProposal.bodyBytesMax + 1)
        #expect(
            throws: DecodeError.lengthOutOfBounds(
                length: UInt64(BlockProposal.bodyBytesMax + 1), limit: BlockProposal.bodyBytesMax)
        ) { try BlockProposal(decoding: writer.bytes) }
    }
}
