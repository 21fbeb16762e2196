import Chain
import Cryptography
import Hummingbird
import NIOCore

/// What a stream tells.
enum StreamTopic: String, CaseIterable {
    case block
    case tx
    case gov
    /// Sets, and what becomes of validators: made, edited, jailed, slashed.
    case validator
    /// What accounts do with stake, and what they get of it.
    case stake
}

/// Where one stream stands: a place instead of a queue, so that a slow reader costs no memory.
///
/// A reader that asked for the past gets all of it that is kept. Once it has caught up, it is live:
/// falling behind by more than `lagMax` blocks then makes a gap, which it is told with the cursor
/// from which to read again, and the stream goes on at the head.
struct StreamPosition: Equatable {
    static let lagMax: UInt64 = 512

    enum Step: Equatable {
        /// Nothing new.
        case wait
        /// The block of this height, what stands behind the cursor.
        case read(Height, after: Cursor)
        /// What stands behind the cursor and before the height is left out.
        case gap(after: Cursor, resumesAt: Height)
    }

    /// Everything up to here was told or left out.
    private(set) var cursor: Cursor
    private var isLive = false

    init(after cursor: Cursor) {
        self.cursor = cursor
    }

    /// The next thing to do, which is then counted as done.
    mutating func step(head: Height, oldest: Height) -> Step {
        let next = cursor.position == .max ? cursor.height.advanced(by: 1) : cursor.height
        guard next <= head else {
            isLive = true
            return .wait
        }
        if next < oldest {
            return skip(to: oldest)
        }
        if isLive && head.value - next.value > StreamPosition.lagMax {
            return skip(to: head)
        }
        let before = cursor
        cursor = Cursor(endOf: next)
        return .read(next, after: before)
    }

    private mutating func skip(to height: Height) -> Step {
        let before = cursor
        cursor = Cursor(endOf: height.lowered(by: 1))
        return .gap(after: before, resumesAt: height)
    }
}

/// Frees an address's place for a stream when the answer is gone, whether it was ever written or
/// not.
private final class StreamPlace: Sendable {
    private let gate: Gate
    private let address: String

    init(_ gate: Gate, _ address: String) throws(Problem) {
        try gate.openStream(address)
        self.gate = gate
        self.address = address
    }

    deinit {
        gate.closeStream(address)
    }
}

extension API {
    func addStreamRoute(to router: Router<APIContext>) {
        router.get("v1/stream") { request, context in try await stream(request, context) }
    }

    private func stream(_ request: Request, _ context: APIContext) async throws -> Response {
        let query = request.query
        let topics = try API.topics(query.text("topics"))
        let end = Cursor(endOf: await head())
        // Who names a place that is not there yet gets what comes next.
        let cursor = min(try API.lastSeen(request) ?? query.cursor() ?? end, end)
        var response = Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"])
        guard request.method == .get else { return response }
        let place = try StreamPlace(gate, context.remoteAddress)
        response.body = ResponseBody { writer in
            defer { withExtendedLifetime(place) {} }
            try await tell(topics, after: cursor, to: &writer)
            try await writer.finish(nil)
        }
        return response
    }

    /// What a browser sends by itself when it connects again; it counts more than the link.
    private static func lastSeen(_ request: Request) throws(Problem) -> Cursor? {
        let header = request.headers.first { $0.name.canonicalName == "last-event-id" }
        guard let text = header?.value else { return nil }
        guard let cursor = Cursor(text: text) else {
            throw .badParameter("Last-Event-ID", "It is not an id of this stream.")
        }
        return cursor
    }

    private static func topics(_ text: String?) throws(Problem) -> Set<StreamTopic> {
        guard let text else { return [.block] }
        var topics: Set<StreamTopic> = []
        for name in text.split(separator: ",") {
            guard let topic = StreamTopic(rawValue: String(name)) else {
                let names = StreamTopic.allCases.map(\.rawValue).joined(separator: ", ")
                throw .badParameter("topics", "The topics are \(names).")
            }
            topics.insert(topic)
        }
        return topics
    }

    /// Writes until the feed ends or nobody reads any more, which a write shows.
    @concurrent
    private func tell(
        _ topics: Set<StreamTopic>, after cursor: Cursor, to writer: inout any ResponseBodyWriter
    ) async throws {
        let (id, signals) = feed.read()
        defer { feed.stopReading(id) }
        var position = StreamPosition(after: cursor)
        try await writer.write(ByteBuffer(string: ": open\n\n"))
        try await catchUp(&position, topics, to: &writer)
        for await _ in signals {
            let isNews = try await catchUp(&position, topics, to: &writer)
            if !isNews {
                try await writer.write(ByteBuffer(string: ": alive\n\n"))
            }
        }
    }

    /// - Returns: whether anything was written.
    @concurrent @discardableResult
    private func catchUp(
        _ position: inout StreamPosition, _ topics: Set<StreamTopic>,
        to writer: inout any ResponseBodyWriter
    ) async throws -> Bool {
        var isNews = false
        while true {
            let head = await head()
            var messages = ByteBuffer()
            switch position.step(head: head, oldest: await node.oldestHeight()) {
            case .wait:
                return isNews
            case .read(let height, let cursor):
                // A block that was pruned between two looks is a gap at the next one.
                guard let block = await finalizedBlock(height) else { continue }
                append(block, after: cursor, topics, to: &messages)
            case .gap(let cursor, let height):
                let gap = GapJSON(since: cursor.text, resumesAt: height.value)
                messages.writeMessage(id: nil, event: "gap", gap)
            }
            guard messages.readableBytes > 0 else { continue }
            isNews = true
            try await writer.write(messages)
        }
    }

    private struct GapJSON: Encodable {
        /// The cursor to read again from, at `/v1/events`.
        let since: String
        /// The height at which the stream goes on.
        let resumesAt: UInt64
    }

    private func append(
        _ block: FinalizedBlock, after cursor: Cursor, _ topics: Set<StreamTopic>,
        to buffer: inout ByteBuffer
    ) {
        for item in block.items where item.cursor > cursor {
            switch item.content {
            case .block:
                guard topics.contains(.block) else { continue }
                buffer.writeMessage(
                    id: item.cursor, event: "block", BlockHeadJSON(BlockHead(block.block)))
            case .transaction(let index):
                guard topics.contains(.tx) else { continue }
                let receipt = block.receipts[index]
                buffer.writeMessage(
                    id: item.cursor, event: "tx",
                    TransactionNoteJSON(
                        hash: receipt.transactionID.hex, height: block.height.value, index: index,
                        code: receipt.status.code))
            case .event(let event, let transaction):
                guard let topic = event.topic, topics.contains(topic) else { continue }
                let place = EventJSON.Place(
                    cursor: item.cursor, height: block.height, transaction: transaction)
                buffer.writeMessage(
                    id: item.cursor, event: topic.rawValue,
                    EventJSON(event, node.chain, at: place))
            }
        }
    }
}

extension ByteBuffer {
    /// One server-sent event. JSON has no line breaks, so that the data is one line.
    ///
    /// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    mutating func writeMessage(id: Cursor?, event: String, _ data: some Encodable) {
        if let id {
            writeString("id: \(id.text)\n")
        }
        writeString("event: \(event)\ndata: ")
        var json = jsonBytes(data)
        writeBuffer(&json)
        writeString("\n\n")
    }
}
