import Synchronization

/// What the network has done since its start, for metrics.
public struct NetworkStatistics: Sendable, Equatable {
    public var bytesSent: UInt64
    public var bytesReceived: UInt64
    public var messagesSent: UInt64
    public var messagesReceived: UInt64
    /// Messages that a full queue refused or gave up.
    public var outboundDropped: UInt64
    /// Messages above a rate, or for which the consumer had no room.
    public var inboundDropped: UInt64
    /// Connections refused or ended by what the peer did.
    public var faults: UInt64
}

final class NetworkCounters: Sendable {
    let bytesSent = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)
    let messagesSent = Atomic<UInt64>(0)
    let messagesReceived = Atomic<UInt64>(0)
    let outboundDropped = Atomic<UInt64>(0)
    let inboundDropped = Atomic<UInt64>(0)
    let faults = Atomic<UInt64>(0)

    func note(_ outcome: SendOutcome) {
        switch outcome {
        case .queued: messagesSent.add(1, ordering: .relaxed)
        case .queuedDroppingOldest:
            messagesSent.add(1, ordering: .relaxed)
            outboundDropped.add(1, ordering: .relaxed)
        case .dropped: outboundDropped.add(1, ordering: .relaxed)
        case .notConnected, .invalidSize: break
        }
    }

    var statistics: NetworkStatistics {
        NetworkStatistics(
            bytesSent: bytesSent.load(ordering: .relaxed),
            bytesReceived: bytesReceived.load(ordering: .relaxed),
            messagesSent: messagesSent.load(ordering: .relaxed),
            messagesReceived: messagesReceived.load(ordering: .relaxed),
            outboundDropped: outboundDropped.load(ordering: .relaxed),
            inboundDropped: inboundDropped.load(ordering: .relaxed),
            faults: faults.load(ordering: .relaxed))
    }
}
