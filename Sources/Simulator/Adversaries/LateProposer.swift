import Chain
import Consensus
import Replica

/// As leader: proposes just before the others' patience ends, to some a moment earlier than to
/// others (B13): votes to notarize and to give up meet.
public struct LateProposer: Adversary {
    private var enteredAt: UInt64 = 0
    private var held: [(at: UInt64, view: View, message: PeerMessage, recipient: Int)] = []

    public init() {}

    public mutating func entered(_ view: View, as puppet: inout Puppet) {
        enteredAt = puppet.milliseconds
        held.removeAll { $0.view < view }
    }

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message else {
            return puppet.pass(message, to: recipients)
        }
        for recipient in recipients {
            // t_l of a plan is the interval and a second or more; half are served too late.
            let patience: UInt64 =
                puppet.isFirstHalf(recipient, in: proposal.vote.view) ? 1_200 : 1_500
            held.append(
                (enteredAt + patience, proposal.vote.view, message, recipient))
        }
    }

    public mutating func tick(as puppet: inout Puppet) {
        for item in held where item.at <= puppet.milliseconds {
            puppet.send(item.message, to: item.recipient)
        }
        let now = puppet.milliseconds
        held.removeAll { $0.at <= now }
    }
}
