import Chain
import Consensus
import Cryptography

/// What a Byzantine validator of less than a third of the power does. It runs the engine, so that
/// it knows what is going on, and changes what leaves it; its signer signs anything.
public enum Adversary: Hashable, Sendable, CaseIterable {
    /// Two honest copies with one key (B20).
    case twin
    /// As leader: one block to one half, another block to the other (B1).
    case equivocator
    /// Votes of every kind for every view, to different halves (B2, B3).
    case conflicter
    /// Votes and proposals reach a minority only (B6, B7).
    case withholder
    /// As leader: builds on the block below the one it should build on (B8).
    case skipper
    /// Nullifies every view as soon as it begins (B5).
    case nullifier
}

extension World {
    func adversary(of node: SimulatedNode) -> Adversary? {
        node.signer == byzantineSeat ? scenario.adversary : nil
    }

    /// Signs whatever is asked, by the Byzantine key.
    mutating func forge(
        _ statement: Statement, in view: View, by node: SimulatedNode
    ) -> Verified<Vote> {
        checker.signed(view: view, signer: node.signer, statement: statement)
        return .restored(
            Vote(
                epoch: node.instance.epoch, view: view, signer: node.signer,
                statement: statement,
                signature: Signature([UInt8](repeating: UInt8(node.signer), count: 64))))
    }

    /// Whether an endpoint is in the half that hears one story.
    func isFirstHalf(_ node: SimulatedNode, _ view: View) -> Bool {
        (UInt64(node.endpoint) + view.value) % 2 == 0
    }
}
