import Chain
import Replica

/// Votes in the names of others, and passes on the votes of others (B11).
public struct Impersonator: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        puppet.pass(message, to: recipients)
        guard case .vote(let vote) = message, puppet.random.chance(200) else { return }
        let count = puppet.instance.validators.count
        let lie = Vote(
            epoch: vote.epoch, view: vote.view,
            signer: puppet.random.chance(200) ? .max : UInt16(puppet.random.below(count)),
            statement: vote.statement, signature: vote.signature)
        puppet.pass(.vote(lie), to: recipients)
    }

    public mutating func hears(
        _ message: PeerMessage, from sender: Int, as puppet: inout Puppet
    ) -> Bool {
        if case .vote = message, puppet.random.chance(50) {
            puppet.pass(message, to: puppet.peers.filter { $0 != sender })
        }
        return true
    }
}
