import Chain
import Consensus
import Cryptography

/// Lines for a reader of a failing seed.
extension World {
    private static func short(_ hash: Digest) -> String { String(hash.hex.prefix(6)) }

    private static func text(_ statement: Statement, _ view: View) -> String {
        guard let candidate = statement.candidate else { return "\(statement.kind)(\(view))" }
        let name = short(candidate.blockHash)
        return "\(statement.kind)(\(view), \(candidate.parentView), \(name))"
    }

    private static func text(_ certificate: Certificate) -> String {
        let kind = certificate.isPartial ? "partial" : "certificate"
        return "\(kind) \(text(certificate.statement, certificate.view))"
    }

    static func describe(_ input: Input) -> String {
        switch input {
        case .start(let recovery):
            "start, \(recovery.records.count) records, floor "
                + "\(recovery.floor?.header.height ?? Height(0))"
        case .frame(let summary, let from): "frame \(summary.kind) \(summary.view) from \(from)"
        case .vote(let vote, let from):
            "vote \(text(vote.value.statement, vote.value.view)) of \(vote.value.signer) "
                + "from \(from)"
        case .certificate(let certificate, _, let from):
            "\(text(certificate.value)) from \(from.map { String($0) } ?? "nobody")"
        case .proposal(let vote, _, let from):
            "proposal \(text(vote.value.statement, vote.value.view)) from \(from)"
        case .built(_, let view, let header): "built \(view) \(short(header.hash))"
        case .blockAvailable(let header): "available \(short(header.hash))"
        case .executed(_, let hash, let result): "executed \(short(hash)) \(result)"
        case .timer(let id): "timer \(id)"
        case .durable(let sequence): "durable \(sequence)"
        case .signed(let vote): "signed \(text(vote.value.statement, vote.value.view))"
        case .refused(_, let kind, let view): "refused \(kind)(\(view))"
        case .synced(let head): "synced \(head.header.height)"
        case .connected, .blockUnavailable, .certificateUnavailable, .buildDeclined, .timeReached,
            .workPending, .excluded, .committed, .syncFailed:
            "\(input)"
        }
    }

    static func describe(_ effect: Effect) -> String {
        switch effect {
        case .persist(let records, let sequence):
            "persist \(sequence): \(records.map(describe).joined(separator: ", "))"
        case .sign(let intent): "sign \(text(intent.statement, intent.view))"
        case .send(.vote(let vote), let to):
            "send \(text(vote.value.statement, vote.value.view)) to \(to)"
        case .send(.certificate(let certificate), let to):
            "send \(text(certificate.value)) to \(to)"
        case .propose(let vote, _, let justification):
            "propose \(text(vote.value.statement, vote.value.view)) "
                + "with \(justification.map { text($0.value) }.joined(separator: ", "))"
        case .build(let request): "build \(request.view) on \(short(request.parent.hash))"
        case .storeBlock(let hash): "store \(short(hash))"
        case .execute(let request): "execute \(short(request.hash))"
        case .fetchBlock(let hash, let from): "fetch \(short(hash)) from \(from)"
        case .fetchCertificate(let request, let from):
            "fetch \(request.want) \(request.view) from \(from)"
        case .syncRange(let head, let from): "range to \(head.header.height) from \(from)"
        case .finalized(let headers, let certificate):
            "finalized \(headers.map { "\($0.height) \(short($0.hash))" }) "
                + "by view \(certificate.value.view)"
        case .pushBlock(let hash, let to): "push \(short(hash)) to \(to)"
        case .setTimer(let id, let at): "set \(id) \(at)"
        case .cancelTimer, .cancelBuild, .awaitTime, .report: "\(effect)"
        }
    }

    static func describe(_ record: SafetyRecord) -> String {
        switch record {
        case .ownVote(let view, let statement): "own \(text(statement, view))"
        case .certificate(let certificate): text(certificate)
        case .certified(let view, let hash): "certified \(view) \(short(hash))"
        case .floor(let certificate): "floor \(certificate.view)"
        case .builtBlock(let view, _, _, let hash): "built \(view) \(short(hash))"
        case .entered(let view): "entered \(view)"
        case .evidence(let evidence): "evidence \(evidence.signer) \(evidence.view)"
        }
    }
}
