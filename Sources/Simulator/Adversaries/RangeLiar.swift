import Chain
import Consensus
import Replica

/// Claims what it has not, and serves ranges that are not the chain (B19): heights out of order,
/// blocks left out, a finalization of another block, none at all.
public struct RangeLiar: Adversary {
    private var oldFinalization: Certificate?

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .rangeResponse(let response) = message else {
            return puppet.pass(message, to: recipients)
        }
        defer { oldFinalization = response.finalization ?? oldFinalization }
        var blocks = response.blocks
        var finalization = response.finalization
        switch puppet.random.below(5) {
        case 0: blocks.reverse()
        case 1: if !blocks.isEmpty { blocks.removeFirst() }
        case 2: finalization = oldFinalization
        case 3: finalization = nil
        default: if !blocks.isEmpty { blocks[blocks.count - 1].append(0) }
        }
        let lie = RangeResponse(
            first: response.first, blocks: blocks, finalization: finalization,
            headers: response.headers)
        puppet.pass(.rangeResponse(lie), to: recipients)
    }
}
