import Chain
import Codec
import Consensus
import Replica

/// As leader: one block to one half, another valid block to the other (B1).
public struct Equivocator: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message, let header = proposal.header,
            let lie = second(proposal, header, as: &puppet)
        else {
            for recipient in recipients { puppet.send(message, to: recipient) }
            return
        }
        for recipient in recipients {
            let isFirst = puppet.isFirstHalf(recipient, in: header.view)
            puppet.send(isFirst ? message : .proposal(lie), to: recipient)
        }
    }

    /// The same place in the chain with another time and no transactions.
    private func second(
        _ proposal: BlockProposal, _ header: Header, as puppet: inout Puppet
    ) -> BlockProposal? {
        guard let parent = puppet.parent(of: header),
            let block = puppet.build(
                BuildJob(
                    instance: puppet.instance.id, epoch: header.epoch, view: header.view,
                    parentView: header.parentView, parent: parent,
                    timestamp: header.timestamp.advanced(by: 1), proposer: header.proposer,
                    candidates: [])),
            let vote = puppet.vote(.notarize(block.header.candidate), in: header.view)
        else { return nil }
        return BlockProposal(
            vote: vote, header: block.header, body: block.body.encoded(),
            justification: proposal.justification)
    }
}
