import Chain
import Codec
import Consensus
import Cryptography
import Ledger
import Networking
import Replica
import Storage

/// The thread that answers peers' questions from the disk.
///
/// It only reads, beside the thread that writes (`BlockDisk`): however much is asked, no vote and
/// no block of this node waits for it. What is read may be older than what is being committed;
/// whoever asked asks somebody else.
actor PeerServer {
    /// The way back to the peers.
    struct Answers: Sendable {
        /// Whether a message of a channel would be queued now.
        let hasRoom: @Sendable (PeerMessage.Channel, PublicKey) -> Bool
        let send: @Sendable (PeerMessage, PublicKey) -> Void
    }

    private let thread = DedicatedThread(name: "althing.peers")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let questions: QuestionQueue
    private let blocks: BlockStore
    private let view: StateView
    private let answers: Answers

    init(questions: QuestionQueue, blocks: BlockStore, view: StateView, answers: Answers) {
        self.questions = questions
        self.blocks = blocks
        self.view = view
        self.answers = answers
    }

    /// Works until the queue is closed.
    func run() {
        while let question = questions.next() {
            answer(question.request, to: question.peer)
            withExtendedLifetime(question.credit) {}
        }
    }

    private func answer(_ request: ServeRequest, to peer: PublicKey) {
        switch request {
        case .block(let request):
            guard answers.hasRoom(.requests, peer) else { return }
            send(.blockResponse(block(request)), to: peer)
        case .held, .transactions:
            guard answers.hasRoom(.requests, peer), let answer = request.heldAnswer else { return }
            send(answer, to: peer)
        case .range(let request):
            guard answers.hasRoom(.ranges, peer) else { return }
            send(.rangeResponse(range(request)), to: peer)
        case .certificates(let request, let instance):
            let response = CertificateResponse(
                request: request,
                certificates: blocks.certificates(request, instance: instance), header: nil)
            send(.certificateResponse(response), to: peer)
        case .boundary(let epoch):
            guard let hint = boundary(of: epoch) else { return }
            send(.epochHint(hint), to: peer)
        }
    }

    private func send(_ answer: PeerMessage, to peer: PublicKey) {
        answers.send(answer, peer)
        questions.charge(peer, bytes: answer.bulkBytes)
    }

    private func boundary(of epoch: Epoch) -> EpochHint? {
        guard let record = Queries.epochRecord(epoch, over: view.current.snapshot.forOthers()),
            let head = blocks.finalizedHead(at: record.last)
        else { return nil }
        return EpochHint(finalization: head.certificate.value, header: head.header)
    }

    private func block(_ request: BlockRequest) -> BlockResponse {
        var bytes: [UInt8]?
        if let header = blocks.header(request.hash), let body = blocks.body(request.hash) {
            bytes = header + body
        }
        return BlockResponse(hash: request.hash, block: bytes)
    }

    /// Blocks from the first height on, the next finalization, and the headers up to its block.
    private func range(_ request: RangeRequest) -> RangeResponse {
        var encoded: [[UInt8]] = []
        var size = 0
        var height = request.first
        while height <= request.last, let hash = blocks.hash(at: height),
            let header = blocks.header(hash), let body = blocks.body(hash)
        {
            let block = header + body
            guard encoded.isEmpty || size + block.count <= Limits.rangeBytesMax - 65_536 else {
                break
            }
            encoded.append(block)
            size += block.count
            height = height.advanced(by: 1)
        }
        var finalization: Certificate?
        var headers: [Header] = []
        let last = height.lowered(by: 1)
        if !encoded.isEmpty, let found = blocks.finalization(from: last),
            found.height.value - last.value <= UInt64(RangeResponse.headersMax)
        {
            finalization = try? Certificate(decoding: found.certificate)
            headers = self.headers(from: height, through: found.height)
        }
        return RangeResponse(
            first: request.first, blocks: finalization == nil ? [] : encoded,
            finalization: finalization, headers: headers)
    }

    private func headers(from first: Height, through last: Height) -> [Header] {
        var headers: [Header] = []
        var height = first
        while height <= last, let hash = blocks.hash(at: height), let bytes = blocks.header(hash),
            let header = try? Header(decoding: bytes)
        {
            headers.append(header)
            height = height.advanced(by: 1)
        }
        return headers
    }
}

extension PeerMessage {
    /// The bytes of the blocks in an answer; whatever else there is counts with the question.
    fileprivate var bulkBytes: Int {
        switch self {
        case .blockResponse(let response): response.block?.count ?? 0
        case .rangeResponse(let response): response.blocks.reduce(0) { $0 + $1.count }
        case .blockTransactionsResponse(let response):
            response.transactions.reduce(0) { $0 + $1.encodedByteCount }
        case .vote, .certificate, .proposal, .blockRequest, .blockTransactionsRequest,
            .certificateRequest, .certificateResponse, .evidence, .transactions, .rangeRequest,
            .epochHint:
            0
        }
    }
}

extension PeerServer.Answers {
    init(over network: Network) {
        self.init(
            hasRoom: { channel, peer in
                network.hasRoom(on: Networking.Channel(channel), for: PeerID(peer))
            },
            send: { message, peer in
                network.send(
                    message.encoded(), on: Networking.Channel(message.channel), to: PeerID(peer))
            })
    }
}

extension Networking.Channel {
    init(_ channel: PeerMessage.Channel) {
        guard let own = Networking.Channel(rawValue: channel.rawValue) else {
            preconditionFailure("both sides name the same channels: \(channel)")
        }
        self = own
    }
}
