import Chain
import Replica

/// Nullifies every view as soon as it begins (B5).
public struct Nullifier: Adversary {
    public init() {}

    public mutating func entered(_ view: View, as puppet: inout Puppet) {
        guard let vote = puppet.vote(.nullify, in: view) else { return }
        for peer in puppet.peers { puppet.send(.vote(vote), to: peer) }
    }
}
