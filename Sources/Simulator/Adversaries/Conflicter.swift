import Chain
import Replica

/// Votes of every kind for every view, to different halves (B3).
public struct Conflicter: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .vote(let vote) = message else {
            for recipient in recipients { puppet.send(message, to: recipient) }
            return
        }
        let opposite: Statement
        switch vote.statement {
        case .notarize(let candidate): opposite = .finalize(candidate)
        case .finalize, .nullify: opposite = .nullify
        }
        let lie = puppet.vote(opposite, in: vote.view)
        for recipient in recipients {
            if puppet.isFirstHalf(recipient, in: vote.view) {
                puppet.send(message, to: recipient)
            }
            if let lie { puppet.send(.vote(lie), to: recipient) }
        }
    }
}
