import Chain
import Replica

/// Sends old messages again, its own and those of others, of earlier views and epochs (B9).
public struct Replayer: Adversary {
    private static let kept = 200
    private var old: [PeerMessage] = []

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        keep(message)
        puppet.pass(message, to: recipients)
    }

    public mutating func hears(
        _ message: PeerMessage, from sender: Int, as puppet: inout Puppet
    ) -> Bool {
        keep(message)
        return true
    }

    private mutating func keep(_ message: PeerMessage) {
        old.append(message)
        // Some of the oldest stay, to be very late.
        if old.count > Replayer.kept { old.remove(at: Replayer.kept / 2) }
    }

    public mutating func tick(as puppet: inout Puppet) {
        guard !old.isEmpty else { return }
        for peer in puppet.peers {
            puppet.send(puppet.random.pick(old), to: peer)
        }
    }
}
