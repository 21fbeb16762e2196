import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// As leader of coming views: votes for blocks that do not exist. In a few it shows a true block,
/// to all but one, and gives it to nobody; else it is silent (B7, B16). Where what is asked for
/// first is asked for always, that one never comes to ask for the block that exists.
public struct Phantom: Adversary {
    /// Every so many views it shows what it has built.
    private static let period: UInt64 = 6

    private var saidThrough = View.zero
    private var instance: Digest?

    public init() {}

    private static func isPhantom(_ view: View) -> Bool { view.value % period != 0 }

    public mutating func entered(_ view: View, as puppet: inout Puppet) {
        if instance != puppet.instance.id {
            instance = puppet.instance.id
            saidThrough = .zero
        }
        guard let seat = puppet.seat else { return }
        var schedule = LeaderSchedule(
            seed: puppet.instance.seed, count: puppet.instance.validators.count)
        for distance in 1...Limits.futureViewsMax as ClosedRange<UInt64> {
            let coming = view.advanced(by: distance)
            guard coming > saidThrough, Phantom.isPhantom(coming),
                schedule.leader(of: coming) == seat
            else { continue }
            saidThrough = coming
            let noise = (0..<8).map { _ in UInt8(puppet.random.below(256)) }
            let candidate = Candidate(
                parentView: coming.lowered(by: 1), blockHash: Digest(.block, noise))
            guard let vote = puppet.vote(.notarize(candidate), in: coming) else { continue }
            puppet.pass(.vote(vote), to: puppet.peers)
        }
    }

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .proposal(let proposal):
            let view = proposal.vote.view
            guard !Phantom.isPhantom(view), !recipients.isEmpty else { return }
            let turn = view.value / Phantom.period
            let victim = recipients[Int(turn % UInt64(recipients.count))]
            puppet.pass(message, to: recipients.filter { $0 != victim })
        case .vote, .certificate, .certificateResponse, .blockResponse, .blockTransactionsResponse,
            .rangeResponse:
            // Its certificates have its votes.
            return
        case .transactions, .blockRequest, .blockTransactionsRequest, .certificateRequest,
            .evidence, .rangeRequest, .epochHint:
            puppet.pass(message, to: recipients)
        }
    }
}
