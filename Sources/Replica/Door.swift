import Chain
import Codec
import Consensus
import Cryptography

/// The door as a pure function: checks what a peer sent, the cheap things first, and says in its
/// type what passed. The node runs it on many cores, the simulator in its one thread.
///
/// Signatures of transactions inside blocks are not its business: the executor asks for them, from
/// a cache where there is one.
public enum Door {
    /// - Parameter instance: the one that the replica named with the job.
    /// - Precondition: the job is not `transactions`, which are checked against the state too.
    /// - Throws: whether the sender is at fault, the error says.
    public static func verified(
        _ job: VerificationJob, in instance: Instance, genesisHash: Digest,
        signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) -> VerifiedMessage {
        switch job {
        case .vote(let vote):
            return .vote(try Verified(vote, in: instance, signatures: signatures))
        case .certificates(let certificates, let header):
            return .certificates(
                try verified(certificates, in: instance, signatures), header: header)
        case .proposal(let proposal):
            // A leader that signs a header of another chain proposes nothing at all.
            guard proposal.header.map({ $0.genesisHash == genesisHash }) ?? true else {
                throw .badSignature
            }
            return try verified(proposal, in: instance, signatures)
        case .block(let hash, let bytes):
            guard let block = decodeBlock(bytes), block.hash == hash else { throw .badSignature }
            return .block(block)
        case .range(let response, let first, let parent):
            return try verified(
                response, first: first, parent: parent, in: instance, signatures)
        case .evidence(let evidence):
            return .evidence(try Verified(evidence, in: instance, signatures: signatures))
        case .blockTransactions(let response):
            return .blockTransactions(response)
        case .transactions:
            preconditionFailure("transactions are checked against the state, one by one")
        }
    }

    private static func verified(
        _ certificates: [Certificate], in instance: Instance, _ signatures: SignatureCheck
    ) throws(VerificationError) -> [Verified<Certificate>] {
        var result: [Verified<Certificate>] = []
        for certificate in certificates {
            result.append(
                try Verified(
                    certificate, in: instance, allowingPartial: true, signatures: signatures))
        }
        return result
    }

    private static func verified(
        _ proposal: BlockProposal, in instance: Instance, _ signatures: SignatureCheck
    ) throws(VerificationError) -> VerifiedMessage {
        let vote = try Verified(proposal.vote, in: instance, signatures: signatures)
        let justification = try verified(proposal.justification, in: instance, signatures)
        guard let header = proposal.header else {
            return .proposal(vote, nil, justification: justification)
        }
        guard !proposal.isCompact else {
            guard let body = try? CompactBody(decoding: proposal.body),
                vote.value.statement.candidate?.blockHash == header.hash, body.matches(header)
            else { throw .badSignature }
            return .compactProposal(vote, header, body, justification: justification)
        }
        guard let body = try? BlockBody(decoding: proposal.body) else { throw .badSignature }
        let block = Block(header: header, body: body)
        guard vote.value.statement.candidate?.blockHash == block.hash, block.hasMatchingRoots
        else { throw .badSignature }
        return .proposal(vote, block, justification: justification)
    }

    private static func decodeBlock(_ bytes: [UInt8]) -> Block? {
        guard let block = try? Block(decoding: bytes), block.hasMatchingRoots else { return nil }
        return block
    }

    /// Checks a range from its proof down: the finalization, then the chain of hashes under it.
    private static func verified(
        _ response: RangeResponse, first: Height, parent: Digest, in instance: Instance,
        _ signatures: SignatureCheck
    ) throws(VerificationError) -> VerifiedMessage {
        guard let finalization = response.finalization, finalization.kind == .finalize else {
            throw .partialNotExpected
        }
        let certificate = try Verified(finalization, in: instance, signatures: signatures)
        var blocks: [Block] = []
        var previous = parent
        for (index, bytes) in response.blocks.enumerated() {
            guard let block = decodeBlock(bytes), block.header.parentHash == previous,
                block.header.height == first.advanced(by: UInt64(index))
            else { throw .badSignature }
            blocks.append(block)
            previous = block.hash
        }
        guard let last = blocks.last else { throw .tooFewSignatures }
        var head = last.header
        for header in response.headers {
            guard header.parentHash == head.hash else { throw .badSignature }
            head = header
        }
        let isProven = certificate.value.statement.candidate?.blockHash == head.hash
        guard isProven || Mutant.isActive(.trustsRanges) else {
            throw .badSignature
        }
        return .range(blocks, head: FinalizedHead(header: head, certificate: certificate))
    }
}
