import NIOCore

/// What others may tell a connection's handler, from any thread.
enum ConnectionSignal: Sendable {
    /// Messages wait in the outbox.
    case wake
    /// The connection before this one has ended: speak.
    case activate
    /// Ask the peer at once whether it lives.
    case nudge
    /// Close if the handshake has not ended: others need its place.
    case giveWay
    /// Close; with a goodbye when this node means it, without when another connection stays.
    case close(sayGoodbye: Bool)
}

/// One connection as all threads may see it.
final class PeerConnection: Sendable {
    let id: ConnectionID
    let channel: any NIOCore.Channel
    let outbox: Outbox

    init(id: ConnectionID, channel: any NIOCore.Channel, outbox: Outbox) {
        self.id = id
        self.channel = channel
        self.outbox = outbox
    }

    func send(_ message: [UInt8], on channel: Channel) -> SendOutcome {
        let (outcome, mustWake) = outbox.enqueue(message, on: channel)
        if mustWake { signal(.wake) }
        return outcome
    }

    /// Always through the loop's queue, so that all that is sent in one turn goes in one write.
    func signal(_ signal: ConnectionSignal) {
        channel.eventLoop.execute { [channel] in
            channel.pipeline.fireUserInboundEventTriggered(signal)
        }
    }
}
