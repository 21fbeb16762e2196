import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// As leader: blocks that are wrong in one of many ways, each signed as if it were right (B12).
public struct BlockForger: Adversary {
    /// What is wrong with a block.
    private enum Flaw: CaseIterable {
        case stateRoot, receiptsRoot, nextSet, setHash, gasUsed, gasLimit, past, future, height
        case parent, view, epoch, proposer, version, extra, genesis, body, transactionsRoot
        case evidence
    }

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .proposal(let proposal) = message, let header = proposal.header else {
            return puppet.pass(message, to: recipients)
        }
        let flaw = puppet.random.pick(Flaw.allCases)
        let bad = spoiled(header, flaw)
        guard let vote = puppet.vote(.notarize(bad.candidate), in: header.view) else { return }
        let body = flaw == .body ? [UInt8](repeating: 0x81, count: 2_000) : proposal.body
        let lie = BlockProposal(
            vote: vote, header: bad, body: body, justification: proposal.justification)
        puppet.pass(.proposal(lie), to: recipients)
    }

    private func spoiled(_ header: Header, _ flaw: Flaw) -> Header {
        var bad = header
        let other = Digest(.block, header.stateRoot.bytes)
        switch flaw {
        case .stateRoot: bad.stateRoot = other
        case .receiptsRoot: bad.receiptsRoot = other
        case .nextSet: bad.nextSetHash = other
        case .setHash: bad.setHash = other
        case .gasUsed: bad.gasUsed = bad.gasUsed &+ 1
        case .gasLimit: bad.gasLimit = .max
        case .past: bad.timestamp = Timestamp(0)
        case .future: bad.timestamp = Timestamp(.max)
        case .height: bad.height = Height(.max)
        case .parent: bad.parentHash = other
        case .view: bad.view = header.view.advanced(by: 1)
        case .epoch: bad.epoch = header.epoch.advanced(by: 1)
        case .proposer: bad.proposer = .max
        case .version: bad.version = .max
        case .extra: bad.extra = [1]
        case .genesis: bad.genesisHash = other
        case .body: break
        case .transactionsRoot: bad.transactionsRoot = other
        case .evidence: bad.evidenceRoot = other
        }
        return bad
    }
}
