import Chain
import Codec
import Consensus
import Cryptography

/// Everything that one node may say to another, and over which channel.
public enum PeerMessage: Hashable, Sendable {
    case vote(Vote)
    case certificate(Certificate)
    case proposal(BlockProposal)
    case blockRequest(BlockRequest)
    /// The answer to a request, or a block that its sender thinks is missing here.
    case blockResponse(BlockResponse)
    /// Asks for what a compact proposal named and the own pool does not have.
    case blockTransactionsRequest(BlockTransactionsRequest)
    case blockTransactionsResponse(BlockTransactionsResponse)
    case certificateRequest(CertificateRequest)
    case certificateResponse(CertificateResponse)
    case evidence(Evidence)
    case transactions([SignedTransaction])
    case rangeRequest(RangeRequest)
    case rangeResponse(RangeResponse)
    /// How an epoch ended, for a peer that is still in it.
    case epochHint(EpochHint)

    /// The channels of network.md 6.3 that carry these messages; raw values are those on the wire.
    public enum Channel: UInt8, CaseIterable, Sendable {
        case votes = 1
        case certificates = 2
        case proposals = 3
        case requests = 4
        case evidence = 5
        case transactions = 6
        case ranges = 7
    }

    /// The bytes of transactions in one message, at most (network.md 6.3).
    public static let transactionBatchBytesMax = 128 * 1024
    public static let transactionBatchCountMax = 1_024

    public var channel: Channel {
        switch self {
        case .vote: .votes
        case .certificate: .certificates
        case .proposal: .proposals
        case .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest, .certificateResponse, .epochHint:
            .requests
        case .evidence: .evidence
        case .transactions: .transactions
        case .rangeRequest, .rangeResponse: .ranges
        }
    }

    /// - Throws: for anything that is not exactly one message of this channel.
    public init(channel: Channel, decoding bytes: [UInt8]) throws(DecodeError) {
        var reader = ByteReader(bytes.span.bytes)
        switch channel {
        case .votes: self = .vote(try Vote(from: &reader))
        case .certificates: self = .certificate(try Certificate(from: &reader))
        case .proposals: self = .proposal(try BlockProposal(from: &reader))
        case .requests: self = try PeerMessage.readRequest(from: &reader)
        case .evidence: self = .evidence(try Evidence(from: &reader))
        case .transactions:
            guard bytes.count <= PeerMessage.transactionBatchBytesMax else {
                throw .lengthOutOfBounds(
                    length: UInt64(bytes.count), limit: PeerMessage.transactionBatchBytesMax)
            }
            self = .transactions(
                try reader.readList(
                    limit: PeerMessage.transactionBatchCountMax, minimumElementSize: 64))
        case .ranges:
            switch try reader.readUInt8() {
            case 0: self = .rangeRequest(try RangeRequest(from: &reader))
            case 1: self = .rangeResponse(try RangeResponse(from: &reader))
            case let tag: throw .unknownTag(type: "PeerMessage", tag: UInt64(tag))
            }
        }
        try reader.finish()
    }

    private static func readRequest(
        from reader: inout ByteReader
    ) throws(DecodeError) -> PeerMessage {
        switch try reader.readUInt8() {
        case 0: .blockRequest(try BlockRequest(from: &reader))
        case 1: .blockResponse(try BlockResponse(from: &reader))
        case 2: .certificateRequest(try CertificateRequest(from: &reader))
        case 3: .certificateResponse(try CertificateResponse(from: &reader))
        case 4: .epochHint(try EpochHint(from: &reader))
        case 5: .blockTransactionsRequest(try BlockTransactionsRequest(from: &reader))
        case 6: .blockTransactionsResponse(try BlockTransactionsResponse(from: &reader))
        case let tag: throw .unknownTag(type: "PeerMessage", tag: UInt64(tag))
        }
    }

    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .vote(let vote): writer.write(vote)
        case .certificate(let certificate): writer.write(certificate)
        case .proposal(let proposal): writer.write(proposal)
        case .evidence(let evidence): writer.write(evidence)
        case .transactions(let transactions): writer.writeList(transactions)
        case .blockRequest(let request):
            writer.write(UInt8(0))
            writer.write(request)
        case .blockResponse(let response):
            writer.write(UInt8(1))
            writer.write(response)
        case .certificateRequest(let request):
            writer.write(UInt8(2))
            writer.write(request)
        case .certificateResponse(let response):
            writer.write(UInt8(3))
            writer.write(response)
        case .epochHint(let hint):
            writer.write(UInt8(4))
            writer.write(hint)
        case .blockTransactionsRequest(let request):
            writer.write(UInt8(5))
            writer.write(request)
        case .blockTransactionsResponse(let response):
            writer.write(UInt8(6))
            writer.write(response)
        case .rangeRequest(let request):
            writer.write(UInt8(0))
            writer.write(request)
        case .rangeResponse(let response):
            writer.write(UInt8(1))
            writer.write(response)
        }
        return writer.bytes
    }
}
