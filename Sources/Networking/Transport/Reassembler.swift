import NIOCore

/// Puts the fragments of one peer together.
///
/// Bounds: one unfinished message per channel, each at most its channel's limit, which is checked
/// on the first fragment before anything is kept, and all together at most `bytesMax`. A message
/// that is not wanted is followed to its end without being kept.
struct Reassembler: Sendable {
    static let bytesMax = 6 << 20

    private struct Partial {
        var messageID: UInt32
        var messageBytes: Int
        var receivedBytes: Int
        /// Nil while the message is followed and not kept.
        var bytes: [UInt8]?
        var lastFragment: NIODeadline
    }

    private let channels: ChannelTable
    private var partials = [Partial?](repeating: nil, count: Channel.allCases.count)
    /// The full lengths of the unfinished messages that are kept.
    private(set) var reservedBytes = 0

    init(channels: ChannelTable) {
        self.channels = channels
    }

    /// Takes one fragment; returns the message that it completes.
    ///
    /// - Parameter isWanted: asked once per message, with its length, before it is kept.
    mutating func accept(
        _ header: FragmentHeader, _ bytes: ArraySlice<UInt8>, at now: NIODeadline,
        isWanted: (Channel, Int) -> Bool
    ) throws(PeerFault) -> [UInt8]? {
        guard header.isFirst else { return try advance(header, bytes, at: now) }
        return try begin(header, bytes, at: now, isWanted: isWanted)
    }

    private mutating func begin(
        _ header: FragmentHeader, _ bytes: ArraySlice<UInt8>, at now: NIODeadline,
        isWanted: (Channel, Int) -> Bool
    ) throws(PeerFault) -> [UInt8]? {
        let index = Int(header.channel.rawValue)
        guard partials[index] == nil else {
            throw .fragmentMalformed("a message begins before the last one ended")
        }
        let total = Int(header.messageBytes)
        guard total <= channels[header.channel].messageBytesMax else {
            throw .messageOversized(channel: header.channel, bytes: total)
        }
        guard total > 0 else { throw .fragmentMalformed("a message has no bytes") }
        try Self.checkSize(header, bytes.count, missing: total)
        let isKept = isWanted(header.channel, total)
        if header.isLast { return isKept ? Array(bytes) : nil }
        if isKept {
            guard reservedBytes + total <= Self.bytesMax else { throw .reassemblyFull }
            reservedBytes += total
        }
        var kept: [UInt8]?
        if isKept {
            kept = []
            kept?.reserveCapacity(total)
            kept?.append(contentsOf: bytes)
        }
        partials[index] = Partial(
            messageID: header.messageID, messageBytes: total, receivedBytes: bytes.count,
            bytes: kept, lastFragment: now)
        return nil
    }

    private mutating func advance(
        _ header: FragmentHeader, _ bytes: ArraySlice<UInt8>, at now: NIODeadline
    ) throws(PeerFault) -> [UInt8]? {
        let index = Int(header.channel.rawValue)
        guard let known = partials[index], known.messageID == header.messageID else {
            throw .fragmentMalformed("a fragment continues no message")
        }
        try Self.checkSize(
            header, bytes.count, missing: known.messageBytes - known.receivedBytes)
        partials[index]?.receivedBytes += bytes.count
        partials[index]?.lastFragment = now
        partials[index]?.bytes?.append(contentsOf: bytes)
        guard header.isLast else { return nil }
        let message = partials[index]?.bytes
        partials[index] = nil
        if let message {
            reservedBytes -= message.count
            precondition(reservedBytes >= 0, "no more is released than was reserved")
        }
        return message
    }

    /// The one legal size of a fragment, and of its `last` flag, with `missing` bytes to come.
    private static func checkSize(
        _ header: FragmentHeader, _ count: Int, missing: Int
    ) throws(PeerFault) {
        guard count == min(missing, Fragment.bytesMax) else {
            throw .fragmentMalformed("a fragment of \(count) bytes where \(missing) are missing")
        }
        guard header.isLast == (count == missing) else {
            throw .fragmentMalformed("the last fragment is the one that ends the message")
        }
    }

    /// Whether a message has been waiting for its next fragment since before `deadline`.
    func isStalled(since deadline: NIODeadline) -> Bool {
        partials.contains { partial in partial.map { $0.lastFragment < deadline } ?? false }
    }
}
