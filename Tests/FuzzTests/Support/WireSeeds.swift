import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// One valid message of every kind.
enum WireSeeds {
    static let request = CertificateRequest(epoch: .zero, view: View(1), want: .highest)
    static let hint = EpochHint(
        finalization: Fixture.certificate(Fixture.statements[2]), header: Fixture.header)

    static let messages: [PeerMessage] = {
        let header = Fixture.header
        let finalization = Fixture.certificate(Fixture.statements[2])
        var messages: [PeerMessage] = [
            .vote(Fixture.vote(.nullify, signer: 1)),
            .vote(Fixture.vote(Fixture.statements[0], signer: 2)),
            .certificate(finalization),
            .certificate(Fixture.certificate(.nullify, signers: [1], isPartial: true)),
            .proposal(
                BlockProposal(
                    vote: Fixture.vote(Fixture.statements[0], signer: 2), header: header,
                    body: Fixture.body.encoded(), justification: [Fixture.certificate(.nullify)])),
            .proposal(
                BlockProposal(
                    vote: Fixture.vote(Fixture.statements[0], signer: 2), header: nil, body: [],
                    justification: [])),
            .proposal(
                BlockProposal(
                    vote: Fixture.vote(Fixture.statements[0], signer: 2), header: header,
                    body: CompactBody(Fixture.body).encoded(), isCompact: true,
                    justification: [])),
            .blockTransactionsRequest(
                BlockTransactionsRequest(hash: header.hash, positions: [0, 1])),
            .blockTransactionsResponse(
                BlockTransactionsResponse(
                    hash: header.hash, transactions: [Fixture.transaction(Fixture.actions)])),
            .blockRequest(BlockRequest(hash: header.hash)),
            .blockResponse(BlockResponse(hash: header.hash, block: Fixture.block.encoded())),
            .blockResponse(BlockResponse(hash: header.hash, block: nil)),
            .certificateRequest(request),
            .certificateResponse(
                CertificateResponse(
                    request: request, certificates: [finalization], header: header)),
            .evidence(Fixture.evidence),
            .transactions([Fixture.transaction(Fixture.actions)]),
            .rangeResponse(
                RangeResponse(
                    first: Height(1), blocks: [Fixture.block.encoded()],
                    finalization: finalization, headers: [header])),
        ]
        if let range = RangeRequest(first: Height(1), last: Height(32)) {
            messages.append(.rangeRequest(range))
        }
        return messages
    }()

    static let records: [SafetyRecord] = [
        .ownVote(View(1), .nullify), .ownVote(View(1), Fixture.statements[0]),
        .certificate(Fixture.certificate(.nullify)), .certified(View(1), Fixture.header.hash),
        .floor(Fixture.certificate(Fixture.statements[2])),
        .builtBlock(
            View(1), parentView: .zero, parent: Fixture.digest(9), hash: Fixture.header.hash),
        .entered(View(2)), .evidence(Fixture.evidence),
        .halted(Fixture.certificate(.nullify), Fixture.certificate(Fixture.statements[2])),
        .halted(nil, Fixture.certificate(Fixture.statements[2])),
    ]
}
