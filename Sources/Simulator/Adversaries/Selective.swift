import Chain
import Consensus
import Replica

/// Votes to a minority only, everything else to all (B6): some hold a certificate that others
/// cannot form, and time out (P3).
public struct Selective: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .vote(let vote) = message else {
            return puppet.pass(message, to: recipients)
        }
        let few = max(1, puppet.peers.count / 3)
        let first = Int(vote.view.value % UInt64(max(1, puppet.peers.count)))
        let chosen = (0..<few).map { puppet.peers[(first + $0) % puppet.peers.count] }
        puppet.pass(message, to: recipients.filter { chosen.contains($0) })
    }
}
