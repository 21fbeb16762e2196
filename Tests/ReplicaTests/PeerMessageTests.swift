import Chain
import Codec
import Consensus
import Cryptography
import Testing

@testable import Replica

@Suite struct PeerMessageTests {
    static let signature = Signature([UInt8](repeating: 5, count: 64))
    static let candidate = Candidate(parentView: View(3), blockHash: Digest(.block, [1]))

    static func vote(_ statement: Statement) -> Vote {
        Vote(
            epoch: .zero, view: View(4), signer: 1, statement: statement, signature: signature)
    }

    static var certificate: Certificate {
        var bitmap = SignerBitmap(count: 4)
        for signer in [UInt16(0), 1, 3] { bitmap.insert(signer) }
        return Certificate(
            epoch: .zero, view: View(4), statement: .finalize(candidate), isPartial: false,
            bitmap: bitmap, signatures: [signature, signature, signature])
    }

    static var header: Header {
        Header(
            genesisHash: .zero, epoch: .zero, height: Height(9), view: View(4),
            parentView: View(3), parentHash: .zero, timestamp: Timestamp(7), proposer: 1,
            transactionsRoot: .zero, stateRoot: .zero, receiptsRoot: .zero, setHash: .zero,
            nextSetHash: .zero, evidenceRoot: .zero, participationRoot: .zero, gasUsed: 0,
            gasLimit: 1)
    }

    static var finalization: Certificate {
        Certificate(
            epoch: header.epoch, view: View(4), statement: .finalize(candidate),
            isPartial: false, bitmap: certificate.bitmap, signatures: certificate.signatures)
    }

    static let messages: [PeerMessage] = {
        var messages: [PeerMessage] = [
            .vote(vote(.notarize(candidate))), .vote(vote(.nullify)),
            .certificate(certificate),
            .proposal(
                BlockProposal(
                    vote: vote(.notarize(candidate)), header: header, body: [1, 2, 3],
                    justification: [certificate])),
            .proposal(
                BlockProposal(
                    vote: vote(.notarize(candidate)), header: header, body: [0, 0, 0],
                    isCompact: true, justification: [])),
            .blockRequest(BlockRequest(hash: .zero)),
            .blockTransactionsRequest(
                BlockTransactionsRequest(hash: .zero, positions: [0, 7, 8_191])),
            .blockResponse(BlockResponse(hash: .zero, block: [1])),
            .blockResponse(BlockResponse(hash: .zero, block: nil)),
            .certificateRequest(
                CertificateRequest(epoch: .zero, view: View(1), want: .highest)),
            .certificateResponse(
                CertificateResponse(
                    request: CertificateRequest(epoch: .zero, view: View(1), want: .any),
                    certificates: [certificate], header: header)),
            .rangeResponse(
                RangeResponse(
                    first: Height(1), blocks: [[1], [2, 3]], finalization: certificate,
                    headers: [header])),
        ]
        if let range = RangeRequest(first: Height(5), last: Height(36)) {
            messages.append(.rangeRequest(range))
        }
        if let transaction = try? MempoolTests.transaction(1, 0).value {
            messages.append(.transactions([transaction, transaction]))
            messages.append(
                .blockTransactionsResponse(
                    BlockTransactionsResponse(hash: .zero, transactions: [transaction])))
        }
        messages.append(
            .epochHint(EpochHint(finalization: finalization, header: header)))
        if let evidence = Evidence(vote(.nullify), vote(.finalize(candidate))) {
            messages.append(.evidence(evidence))
        }
        return messages
    }()

    @Test func `every kind of message is among the tested ones`() {
        #expect(Self.messages.count == 17)
        #expect(Set(Self.messages.map(\.channel)) == Set(PeerMessage.Channel.allCases))
    }

    @Test(arguments: messages.indices)
    func `a message is the one that was sent`(index: Int) throws {
        let message = Self.messages[index]
        let copy = try PeerMessage(channel: message.channel, decoding: message.encoded())
        #expect(copy == message)
    }

    @Test(arguments: messages.indices)
    func `a truncated or extended message is refused at every length`(index: Int) {
        let message = Self.messages[index]
        let bytes = message.encoded()
        for count in 0..<bytes.count {
            #expect(throws: DecodeError.self) {
                _ = try PeerMessage(
                    channel: message.channel, decoding: Array(bytes.prefix(count)))
            }
        }
        #expect(throws: DecodeError.self) {
            _ = try PeerMessage(channel: message.channel, decoding: bytes + [0])
        }
    }

    @Test(arguments: messages.indices)
    func `no changed byte traps, on any channel`(index: Int) {
        let bytes = Self.messages[index].encoded()
        for position in bytes.indices {
            var changed = bytes
            changed[position] ^= 0xFF
            for channel in PeerMessage.Channel.allCases {
                if let message = try? PeerMessage(channel: channel, decoding: changed) {
                    #expect(message.encoded() == changed)
                }
            }
        }
    }

    @Test func `SEC-32 a range of more than 32 heights, or a reversed one, is none`() {
        #expect(RangeRequest(first: Height(1), last: Height(33)) == nil)
        #expect(RangeRequest(first: Height(2), last: Height(1)) == nil)
        #expect(RangeRequest(first: Height(0), last: Height(.max)) == nil)
        #expect(RangeRequest(first: Height(.max), last: Height(.max)) != nil)
    }
}
