import Chain
import Codec
import Consensus
import Replica

/// As leader: builds on the block below the one it should build on (B8).
public struct Skipper: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message, let header = proposal.header,
            let lie = skipping(proposal, header, as: &puppet)
        else {
            for recipient in recipients { puppet.send(message, to: recipient) }
            return
        }
        for recipient in recipients { puppet.send(.proposal(lie), to: recipient) }
    }

    /// A valid block, but on the parent of the parent, whose view nobody nullified.
    private func skipping(
        _ proposal: BlockProposal, _ header: Header, as puppet: inout Puppet
    ) -> BlockProposal? {
        guard let skipped = puppet.block(header.parentHash)?.header,
            let parent = puppet.parent(of: skipped),
            let block = puppet.build(
                BuildJob(
                    instance: puppet.instance.id, epoch: header.epoch, view: header.view,
                    parentView: skipped.parentView, parent: parent,
                    timestamp: header.timestamp, proposer: header.proposer, candidates: [])),
            let vote = puppet.vote(.notarize(block.header.candidate), in: header.view)
        else { return nil }
        return BlockProposal(
            vote: vote, header: block.header, body: block.body.encoded(),
            justification: proposal.justification)
    }
}

extension Puppet {
    /// What the block below a header is, if it is known here.
    public func parent(of header: Header) -> BlockSummary? {
        if header.parentHash == head.hash { return head }
        if header.parentHash == instance.base.hash { return instance.base }
        return block(header.parentHash)?.header.summary
    }
}
