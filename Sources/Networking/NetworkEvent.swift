/// What the network tells its consumer.
///
/// Events of one peer come in order, on the event loop of its connection: after `disconnected`
/// nothing more of that connection comes, and a new `connected` comes only then. The handler must
/// return at once: it hands the event on and does no work.
public enum NetworkEvent: Sendable {
    /// The node accepts connections. Comes once, first.
    case listening(port: Int)
    /// The peer has proven its key; messages can be sent from now on.
    case connected(PeerID, outbound: Bool)
    case disconnected(PeerID)
    /// A whole message. Whoever keeps `credit` keeps room in the peer's inbox taken.
    case received(from: PeerID, channel: Channel, message: [UInt8], credit: InboxCredit)
}

/// What became of a message that was handed over.
public enum SendOutcome: Hashable, Sendable {
    case queued
    /// The queue of an urgent channel was full: its oldest message went, this one is queued.
    case queuedDroppingOldest
    /// The queue was full: this message went.
    case dropped
    case notConnected
    /// Empty, or above the channel's limit: the caller's mistake.
    case invalidSize
}
