import Chain
import Codec
import Consensus
import Replica

/// As leader: blocks whose time lies half a second ahead, as far as others bear (B17).
public struct TimeSkewer: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message, let header = proposal.header,
            let parent = puppet.parent(of: header),
            let block = puppet.build(
                BuildJob(
                    instance: puppet.instance.id, epoch: header.epoch, view: header.view,
                    parentView: header.parentView, parent: parent,
                    timestamp: header.timestamp.advanced(
                        by: Limits.clockDriftMillisecondsMax),
                    proposer: header.proposer, candidates: [])),
            let vote = puppet.vote(.notarize(block.header.candidate), in: header.view)
        else { return puppet.pass(message, to: recipients) }
        let skewed = BlockProposal(
            vote: vote, header: block.header, body: block.body.encoded(),
            justification: proposal.justification)
        puppet.pass(.proposal(skewed), to: recipients)
    }
}
