import Chain
import Consensus
import Cryptography
import Replica

/// Lines for a reader of a failing seed.
enum Describe {
    static func short(_ hash: Digest) -> String { String(hash.hex.prefix(6)) }

    static func text(_ statement: Statement, _ view: View) -> String {
        guard let candidate = statement.candidate else { return "\(statement.kind)(\(view))" }
        let name = short(candidate.blockHash)
        return "\(statement.kind)(\(view), \(candidate.parentView), \(name))"
    }

    static func text(_ certificate: Certificate) -> String {
        let kind = certificate.isPartial ? "partial" : "certificate"
        return "\(kind) e\(certificate.epoch) \(text(certificate.statement, certificate.view))"
    }

    static func text(_ vote: Vote) -> String {
        "vote e\(vote.epoch) \(text(vote.statement, vote.view)) of \(vote.signer)"
    }

    static func text(_ block: Block) -> String {
        "block \(block.header.height) \(short(block.hash)) of view \(block.header.view) with "
            + "\(block.body.transactions.count)"
    }

    static func text(_ message: PeerMessage) -> String {
        switch message {
        case .vote(let vote): text(vote)
        case .certificate(let certificate): text(certificate)
        case .proposal(let proposal):
            "\(proposal.form) proposal \(text(proposal.vote)) with "
                + proposal.justification.map { text($0) }.joined(separator: ", ")
        case .blockRequest(let request): "block request \(short(request.hash))"
        case .blockResponse(let response):
            "block response \(short(response.hash)) \(response.block == nil ? "none" : "here")"
        case .blockTransactionsRequest(let request):
            "request for \(request.positions.count) transactions of \(short(request.hash))"
        case .blockTransactionsResponse(let response):
            "\(response.transactions.count) transactions of \(short(response.hash))"
        case .certificateRequest(let request):
            "certificate request e\(request.epoch) \(request.want) \(request.view)"
        case .certificateResponse(let response):
            "certificate response e\(response.request.epoch) \(response.request.view): "
                + response.certificates.map { text($0) }.joined(separator: ", ")
        case .evidence(let evidence): "evidence \(evidence.signer) in \(evidence.view)"
        case .transactions(let transactions): "\(transactions.count) transactions"
        case .rangeRequest(let request): "range request \(request.first)...\(request.last)"
        case .rangeResponse(let response):
            "range response \(response.first), \(response.blocks.count) blocks"
        case .epochHint(let hint): "hint \(text(hint.finalization))"
        }
    }

    static func text(_ input: ReplicaInput) -> String {
        switch input {
        case .start(let blocks): "start with \(blocks.count) blocks"
        case .epochBegan(let start): "epoch \(start.instance.epoch) began"
        case .connected(let peer): "connected \(peer.key.hex.prefix(4))"
        case .disconnected(let peer): "disconnected \(peer.key.hex.prefix(4))"
        case .renamed(let old, let new, _):
            "renamed \(old.key.hex.prefix(4)) to \(new.key.hex.prefix(4))"
        case .received(let message, let peer): "\(text(message)) from \(peer.key.hex.prefix(4))"
        case .verified(let message, _, let peer):
            "verified \(text(message)) from \(peer.key.hex.prefix(4))"
        case .verificationFailed(let error, _, let peer):
            "not verified: \(error) from \(peer.key.hex.prefix(4))"
        case .forgedTransaction(let peer): "forged transaction from \(peer.key.hex.prefix(4))"
        case .transaction(let transaction, _, _):
            "transaction \(short(transaction.value.id))"
        case .built(_, let view, let block, _): "built in \(view) \(text(block))"
        case .stored(let hash): "stored \(short(hash))"
        case .executed(_, let hash, let result): "executed \(short(hash)) \(result)"
        case .signed(let vote): "signed \(text(vote.value))"
        case .replayed(let blocks): "replayed \(blocks.map { "\($0.header.height)" })"
        case .durable(_, let sequence): "durable \(sequence)"
        case .refused(_, let kind, let view): "refused \(kind)(\(view))"
        case .buildFailed, .committed, .replayFailed, .timer: "\(input)"
        }
    }

    static func text(_ message: VerifiedMessage) -> String {
        switch message {
        case .vote(let vote): text(vote.value)
        case .certificates(let certificates, _):
            certificates.map { text($0.value) }.joined(separator: ", ")
        case .proposal(let vote, _, _): "proposal \(text(vote.value))"
        case .compactProposal(let vote, _, _, _): "compact proposal \(text(vote.value))"
        case .block(let block): text(block)
        case .range(let blocks, _): "range of \(blocks.count)"
        case .evidence(let evidence): "evidence \(evidence.value.signer)"
        case .blockTransactions(let response):
            "\(response.transactions.count) transactions of \(short(response.hash))"
        }
    }

    static func text(_ effect: ReplicaEffect) -> String {
        switch effect {
        case .persist(let records, _, let sequence):
            "persist \(sequence): \(records.map(text).joined(separator: ", "))"
        case .sign(let intent): "sign \(text(intent.statement, intent.view))"
        case .send(let message, let to): "send \(text(message)) to \(text(to))"
        case .verify(let job, _, let peer):
            "verify \(signatures(of: job)) from \(peer.key.hex.prefix(4))"
        case .build(let job): "build \(job.view) on \(short(job.parent.hash))"
        case .store(let block): "store \(text(block))"
        case .execute(let request, _): "execute \(short(request.hash))"
        case .commit(let headers, let certificate):
            "commit \(headers.map { "\($0.height)" }) by \(text(certificate.value))"
        case .replay(let blocks, let head):
            "replay \(blocks.map { "\($0.header.height)" }) under \(head.header.height)"
        case .admitted, .refused: "answer a client"
        case .setTimer(let timer, let at): "set \(timer) \(at)"
        case .cancelTimer, .serve, .penalize, .report, .keyInUse: "\(effect)"
        }
    }

    private static func text(_ destination: Destination) -> String {
        switch destination {
        case .peer(let key): "\(key.hex.prefix(4))"
        case .peers(let keys): "\(keys.map { $0.hex.prefix(4) })"
        case .everyone: "everyone"
        }
    }

    static func text(_ record: SafetyRecord) -> String {
        switch record {
        case .ownVote(let view, let statement): "own \(text(statement, view))"
        case .certificate(let certificate): text(certificate)
        case .certified(let view, let hash): "certified \(view) \(short(hash))"
        case .floor(let certificate): "floor \(certificate.view)"
        case .builtBlock(let view, _, _, let hash): "built \(view) \(short(hash))"
        case .entered(let view): "entered \(view)"
        case .halted(let first, let second):
            "halted by \(first.map { text($0) } ?? "the log") and \(text(second))"
        case .evidence(let evidence): "evidence \(evidence.signer) \(evidence.view)"
        }
    }

    /// How many signatures a job checks.
    static func signatures(of job: VerificationJob) -> Int {
        switch job {
        case .vote: 1
        case .certificates(let certificates, _): count(certificates)
        case .proposal(let proposal): 1 + count(proposal.justification)
        case .block: 0
        case .range(let response, _, _): response.finalization?.signatures.count ?? 0
        case .evidence: 2
        case .blockTransactions(let response): response.transactions.count
        case .transactions(let transactions): transactions.count
        }
    }

    private static func count(_ certificates: [Certificate]) -> Int {
        certificates.reduce(0) { $0 + $1.signatures.count }
    }
}
