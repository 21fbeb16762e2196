import NIOCore

/// What waits to be sent to one peer, and what goes next.
///
/// Urgent channels go strictly first, the lowest number before the others. The rest share the
/// connection by weight, one fragment at a time (stride scheduling: each lane has a mark that moves
/// on by bytes over weight, and the lowest mark goes next), so that a vote waits for at most one
/// fragment of a block. One message per channel is under way at a time.
struct SendScheduler: Sendable {
    private struct Lane {
        var messages = CircularBuffer<[UInt8]>()
        var bytes = 0
        /// How much of the first message has gone.
        var sent = 0
        var messageID: UInt32 = 0
        var mark: UInt64 = 0
    }

    private let channels: ChannelTable
    private var lanes = [Lane](repeating: Lane(), count: Channel.allCases.count)
    private(set) var messageCount = 0
    /// The lengths of the messages under way that have more than one fragment: what the other
    /// side's reassembler holds for us.
    private var underwayBytes = 0
    private var time: UInt64 = 0

    init(channels: ChannelTable) {
        self.channels = channels
    }

    var isEmpty: Bool { messageCount == 0 }

    func queuedMessages(on channel: Channel) -> Int {
        lanes[Int(channel.rawValue)].messages.count
    }

    /// Whether any message of the channel would be queued without the loss of another.
    func hasRoom(on channel: Channel) -> Bool {
        let limits = channels[channel]
        let lane = lanes[Int(channel.rawValue)]
        return lane.messages.count < limits.queueMessagesMax
            && lane.bytes + limits.messageBytesMax <= limits.queueBytesMax
    }

    mutating func enqueue(_ message: [UInt8], on channel: Channel) -> SendOutcome {
        let limits = channels[channel]
        guard message.count > 0, message.count <= limits.messageBytesMax else {
            return .invalidSize
        }
        let index = Int(channel.rawValue)
        var outcome = SendOutcome.queued
        while lanes[index].messages.count >= limits.queueMessagesMax
            || lanes[index].bytes + message.count > limits.queueBytesMax
        {
            guard limits.isUrgent, let oldest = lanes[index].messages.popFirst() else {
                return .dropped
            }
            lanes[index].bytes -= oldest.count
            messageCount -= 1
            outcome = .queuedDroppingOldest
        }
        if lanes[index].messages.isEmpty {
            // A lane that was idle has no claim on the time it did not use.
            lanes[index].mark = max(lanes[index].mark, time)
        }
        lanes[index].messages.append(message)
        lanes[index].bytes += message.count
        messageCount += 1
        return outcome
    }

    mutating func next() -> Fragment? {
        guard let index = nextLane() else { return nil }
        guard let message = lanes[index].messages.first,
            let channel = Channel(rawValue: UInt8(index))
        else { preconditionFailure("a lane that is chosen has a message: \(index)") }
        let start = lanes[index].sent
        let end = min(start + Fragment.bytesMax, message.count)
        let isFirst = start == 0
        let isLast = end == message.count
        let header = FragmentHeader(
            channel: channel, isFirst: isFirst, isLast: isLast, messageID: lanes[index].messageID,
            messageBytes: isFirst ? UInt32(message.count) : 0)
        if isFirst, !isLast { underwayBytes += message.count }
        if isLast {
            if !isFirst { underwayBytes -= message.count }
            lanes[index].messages.removeFirst()
            lanes[index].bytes -= message.count
            lanes[index].messageID &+= 1
            lanes[index].sent = 0
            messageCount -= 1
        } else {
            lanes[index].sent = end
        }
        if !channels[channel].isUrgent {
            time = max(time, lanes[index].mark)
            lanes[index].mark += UInt64(end - start) << 8 / channels[channel].weight
        }
        return Fragment(header: header, bytes: message[start..<end])
    }

    private func nextLane() -> Int? {
        var best: Int?
        for channel in Channel.allCases {
            let index = Int(channel.rawValue)
            guard !lanes[index].messages.isEmpty else { continue }
            if channels[channel].isUrgent { return index }
            if let chosen = best, lanes[chosen].mark <= lanes[index].mark { continue }
            best = index
        }
        guard let best, !fits(best) else { return best }
        // The message whose turn it is must wait for room on the other side. What is under way
        // goes on, a proposal or a small message may begin, and nothing else large does, so that
        // its room comes.
        return laneBeside(best)
    }

    /// Whether the first message of a lane may go on or begin: room for a proposal is kept free.
    private func fits(_ index: Int) -> Bool {
        let lane = lanes[index]
        guard lane.sent == 0, let message = lane.messages.first, message.count > Fragment.bytesMax
        else { return true }
        let isProposal = index == Int(Channel.proposals.rawValue)
        let kept = isProposal ? 0 : channels[.proposals].messageBytesMax
        return underwayBytes + message.count + kept <= Reassembler.bytesMax
    }

    private func laneBeside(_ waiting: Int) -> Int? {
        var best: Int?
        for index in lanes.indices {
            guard let message = lanes[index].messages.first else { continue }
            let isProposal = index == Int(Channel.proposals.rawValue)
            guard
                lanes[index].sent > 0 || message.count <= Fragment.bytesMax
                    || (isProposal && fits(index))
            else { continue }
            if let chosen = best, lanes[chosen].mark <= lanes[index].mark { continue }
            best = index
        }
        return best
    }
}
