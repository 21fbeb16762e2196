import Synchronization

/// Room in a peer's inbox that a message takes for as long as this exists.
///
/// Whoever queues a message keeps its credit with it, and lets it go with the message. So a slow
/// consumer fills the inbox of one channel of one peer, what comes on that channel is dropped and
/// counted, and everything else comes in as before. Reading never stops: votes come in on the same
/// connection behind the block that nobody has room for.
public final class InboxCredit: Sendable {
    private let inbox: Inbox
    private let channel: Channel
    private let bytes: Int

    fileprivate init(inbox: Inbox, channel: Channel, bytes: Int) {
        self.inbox = inbox
        self.channel = channel
        self.bytes = bytes
    }

    deinit {
        inbox.release(channel, bytes: bytes)
    }
}

/// What the consumer holds of one peer's messages.
final class Inbox: Sendable {
    private struct Use {
        var messages = 0
        var bytes = 0
    }

    private let channels: ChannelTable
    private let total: InboxTotal
    private let uses = Mutex([Use](repeating: Use(), count: Channel.allCases.count))

    init(channels: ChannelTable, total: InboxTotal) {
        self.channels = channels
        self.total = total
    }

    /// Nil when the channel's inbox is full.
    func take(_ channel: Channel, bytes: Int) -> InboxCredit? {
        let limits = channels[channel]
        let isTaken = uses.withLock { uses in
            let index = Int(channel.rawValue)
            guard uses[index].messages < limits.inboxMessagesMax,
                uses[index].bytes + bytes <= limits.inboxBytesMax,
                !isShared(channel) || total.take(bytes, on: channel)
            else { return false }
            uses[index].messages += 1
            uses[index].bytes += bytes
            return true
        }
        return isTaken ? InboxCredit(inbox: self, channel: channel, bytes: bytes) : nil
    }

    fileprivate func release(_ channel: Channel, bytes: Int) {
        uses.withLock { uses in
            let index = Int(channel.rawValue)
            uses[index].messages -= 1
            uses[index].bytes -= bytes
            precondition(uses[index].messages >= 0, "no more is released than was taken")
        }
        if isShared(channel) { total.release(bytes, on: channel) }
    }

    /// What consensus needs has its own room; the rest shares the node's.
    private func isShared(_ channel: Channel) -> Bool {
        !channels[channel].isUrgent && channel != .proposals
    }
}

/// What the consumer holds of all peers' messages on the channels that share one bound.
///
/// Transactions have a bound of their own: anybody may send them, many at little cost, and they
/// must not keep out the blocks, certificates and ranges that this node asked for.
final class InboxTotal: Sendable {
    private struct Held {
        var transactions = 0
        var others = 0
    }

    private let bytesMax: Int
    private let transactionBytesMax: Int
    private let held = Mutex(Held())

    init(bytesMax: Int, transactionBytesMax: Int) {
        self.bytesMax = bytesMax
        self.transactionBytesMax = transactionBytesMax
    }

    var bytes: Int { held.withLock { $0.transactions + $0.others } }

    func take(_ bytes: Int, on channel: Channel) -> Bool {
        held.withLock { held in
            if channel == .transactions {
                guard held.transactions + bytes <= transactionBytesMax else { return false }
                held.transactions += bytes
            } else {
                guard held.others + bytes <= bytesMax else { return false }
                held.others += bytes
            }
            return true
        }
    }

    func release(_ bytes: Int, on channel: Channel) {
        held.withLock { held in
            if channel == .transactions {
                held.transactions -= bytes
            } else {
                held.others -= bytes
            }
            precondition(
                held.transactions >= 0 && held.others >= 0, "no more is released than was taken")
        }
    }
}
