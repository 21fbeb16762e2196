/// Why the network of this node cannot run.
public enum NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process listens there.
    case portInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
    /// It listened, and the system ended that.
    case listenerLost
    /// `run` was called twice.
    case alreadyStarted

    public var description: String {
        switch self {
        case .portInUse(let host, let port):
            "The peer port \(port) on \(host) is in use by another process."
        case .cannotListen(let host, let port, let reason):
            "Cannot listen for peers on \(host):\(port): \(reason)."
        case .listenerLost:
            "The socket on which peers call was closed by the system; start the node again."
        case .alreadyStarted:
            "The network was started before; it runs once."
        }
    }
}

/// Why a connection failed or ended by what the peer did or is.
enum PeerFault: Error, Equatable, Sendable {
    // In the handshake.
    /// The first authenticated bytes do not open: another network or version (the prologue binds
    /// both), or bytes changed on their way.
    case handshakeMismatch
    case handshakeTimeout
    /// Others needed its place among the handshakes under way.
    case pushedOut
    /// The identity that opened is not well formed, or names another network or version.
    case identityMalformed
    /// The signature does not bind the key to this handshake.
    case identityForged
    /// It is this node itself.
    case ownKey
    case unexpectedPeer(expected: PeerID, found: PeerID)
    case banned
    /// There is a connection that both sides prefer.
    case duplicate
    case noFreeSlot
    // In the session.
    case frameLength(Int)
    case frameForged
    case fragmentMalformed(String)
    case messageOversized(channel: Channel, bytes: Int)
    case reassemblyFull
    case reassemblyTimeout
    case internalMalformed
    case rekeyTooOften
    case nonceExhausted
    case silent
    case notReading
    case rateExceeded

    /// How the score of the peer changes; nil where the peer is not known or not at fault.
    var conduct: PeerConduct? {
        switch self {
        case .handshakeMismatch, .handshakeTimeout, .pushedOut, .identityMalformed,
            .identityForged, .ownKey, .unexpectedPeer, .banned, .duplicate, .noFreeSlot:
            nil
        case .frameLength, .frameForged, .fragmentMalformed, .reassemblyFull, .internalMalformed,
            .rekeyTooOften:
            .malformed
        case .messageOversized: .oversized
        case .reassemblyTimeout, .silent, .notReading: .timeout
        case .nonceExhausted: nil
        case .rateExceeded: .rateExceeded
        }
    }
}
