import Chain
import Replica

/// Sends nothing at all, and hears everything (B4).
public struct Silent: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {}
}
