import Chain
import Consensus
import Cryptography
import OrderedCollections

extension World {
    // MARK: Proposals

    /// What a Byzantine leader sends instead of its proposal. True: the honest one is not sent.
    mutating func distort(
        _ vote: Verified<Vote>, _ header: Header?, _ justification: [Verified<Certificate>],
        by node: SimulatedNode
    ) -> Bool {
        guard let header, let adversary = adversary(of: node) else { return false }
        switch adversary {
        case .twin, .conflicter, .nullifier: return false
        case .withholder:
            guard let victim = others(than: node).first(where: { isFirstHalf($0, header.view) })
            else { return false }
            send(.proposal(vote, header, justification), to: victim, by: node)
            return true
        case .equivocator:
            let second = variant(of: header, by: node)
            let lie = forge(.notarize(second.candidate), in: header.view, by: node)
            for other in others(than: node) {
                let packet: Packet =
                    isFirstHalf(other, header.view)
                    ? .proposal(vote, header, justification)
                    : .proposal(lie, second, justification)
                send(packet, to: other, by: node)
            }
            return true
        case .skipper:
            guard let skipped = skippingBlock(instead: header, by: node) else { return false }
            let lie = forge(.notarize(skipped.candidate), in: header.view, by: node)
            for other in others(than: node) {
                send(.proposal(lie, skipped, justification), to: other, by: node)
            }
            return true
        }
    }

    /// The same place in the chain with other content.
    private func variant(of header: Header, by node: SimulatedNode) -> Header {
        var second = header
        second.gasLimit += 1
        node.held[second.hash] = second
        return second
    }

    /// A valid block, but on the parent of the parent, whose view nobody nullified.
    private func skippingBlock(instead header: Header, by node: SimulatedNode) -> Header? {
        guard let parent = node.block(header.parentHash),
            let root = node.root(of: parent.parentHash)
        else { return nil }
        var skipped = header
        skipped.parentHash = parent.parentHash
        skipped.parentView = parent.parentView
        skipped.height = parent.height
        skipped.stateRoot = SimulatedNode.stateRoot(after: root, view: header.view)
        node.held[skipped.hash] = skipped
        return skipped
    }

    // MARK: Votes

    /// What a Byzantine validator sends besides or instead of a vote. True: that is not sent.
    mutating func distort(_ vote: Verified<Vote>, by node: SimulatedNode) -> Bool {
        guard let adversary = adversary(of: node) else { return false }
        let view = vote.value.view
        switch adversary {
        case .twin, .equivocator, .skipper, .nullifier: return false
        case .withholder:
            guard let victim = others(than: node).first(where: { isFirstHalf($0, view) }) else {
                return false
            }
            send(.vote(vote), to: victim, by: node)
            return true
        case .conflicter:
            let opposite: Statement
            switch vote.value.statement {
            case .notarize(let candidate): opposite = .finalize(candidate)
            case .finalize, .nullify: opposite = .nullify
            }
            let lie = forge(opposite, in: view, by: node)
            for other in others(than: node) {
                if isFirstHalf(other, view) {
                    send(.vote(vote), to: other, by: node)
                }
                send(.vote(lie), to: other, by: node)
            }
            return true
        }
    }

    /// A Byzantine validator entered a view.
    mutating func entered(_ view: View, by node: SimulatedNode) {
        guard adversary(of: node) == .nullifier else { return }
        let lie = forge(.nullify, in: view, by: node)
        for other in others(than: node) { send(.vote(lie), to: other, by: node) }
    }
}
