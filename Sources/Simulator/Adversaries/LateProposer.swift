import Chain
import Consensus
import Replica

/// As leader: proposes just before the others' patience ends, to some a moment earlier than to
/// others (B13): votes to notarize and to give up meet.
public struct LateProposer: Adversary {
    /// How much before and after the end of their patience, at most.
    private static let marginMax: UInt64 = 60
    private var enteredAt: UInt64 = 0

    public init() {}

    public mutating func entered(_ view: View, as puppet: inout Puppet) {
        enteredAt = puppet.milliseconds
    }

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message else {
            return puppet.pass(message, to: recipients)
        }
        let end = enteredAt + puppet.patience
        let margin = puppet.random.within(1...LateProposer.marginMax)
        for recipient in recipients {
            let arrival =
                puppet.isFirstHalf(recipient, in: proposal.vote.view)
                ? end - min(end, margin) : end + margin
            let start = puppet.milliseconds + puppet.latency
            puppet.send(
                message, to: recipient, afterMilliseconds: arrival > start ? arrival - start : 0)
        }
    }
}
