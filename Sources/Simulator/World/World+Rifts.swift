import Chain
import Consensus
import Replica

/// Views that one node certifies and the others give up (`ScriptedFault.bothCertificates`).
struct RiftScript: Sendable {
    /// The rift at work: who hears what of one view.
    private struct Rift: Sendable {
        let epoch: Epoch
        let view: View
        let lone: Int
        let delay: UInt64
    }

    /// In nanoseconds.
    var due: [(start: UInt64, isReverse: Bool)] = []
    private var current: Rift?

    /// A view above the rift's has a proposal: everybody hears everything again.
    mutating func end(at view: View) {
        if let rift = current, view > rift.view { current = nil }
    }

    mutating func begin(_ view: View, of epoch: Epoch, lone: Int, delay: UInt64) {
        current = Rift(epoch: epoch, view: view, lone: lone, delay: delay)
    }

    var isAtWork: Bool { current != nil }

    /// How much later a message leaves, in nanoseconds; nil: it is lost. What is asked for by name
    /// always comes.
    func delay(of message: PeerMessage, to recipient: Int) -> UInt64? {
        guard let rift = current else { return 0 }
        let isForLone = recipient == rift.lone
        let said: (epoch: Epoch, view: View, kind: VoteKind, isVote: Bool)
        if case .vote(let vote) = message {
            said = (vote.epoch, vote.view, vote.statement.kind, true)
        } else if case .certificate(let certificate) = message {
            said = (certificate.epoch, certificate.view, certificate.kind, false)
        } else {
            return 0
        }
        guard said.epoch == rift.epoch, said.view == rift.view else { return 0 }
        switch said.kind {
        case .nullify: return isForLone ? nil : 0
        case .notarize: return isForLone && said.isVote ? rift.delay : nil
        case .finalize: return nil
        }
    }
}

extension World {
    /// An honest node has proposed: a rift may end or begin with it.
    func noteRift(_ view: View, of node: SimulatedNode) {
        script.rift.end(at: view)
        guard !script.rift.isAtWork,
            let index = script.rift.due.firstIndex(where: { $0.start <= now })
        else { return }
        let isReverse = script.rift.due.remove(at: index).isReverse
        var schedule = LeaderSchedule(
            seed: node.instance.seed, count: node.instance.validators.count)
        let next = leader(schedule.leader(of: view.advanced(by: 1)), in: node.instance)
        let candidates = nodes.map(\.endpoint).filter {
            (isReverse ? $0 == next : $0 != next) && nodes[$0].isUp && !nodes[$0].isByzantine
        }
        guard let lone = candidates.isEmpty ? nil : chances.faults.pick(candidates) else { return }
        // Just before it gives the view up itself, or after all have.
        let timeout = plan.timing.advanceTimeout
        let delay = isReverse ? timeout : timeout - min(timeout, 2 * plan.blockInterval)
        script.rift.begin(
            view, of: node.instance.epoch, lone: lone,
            delay: delay * WorldPlan.nanosecondsPerMillisecond)
        guard timeline.isKept else { return }
        timeline.rifts.append(
            Timeline.Rift(at: now, view: view.value, lone: lone, isReverse: isReverse))
    }
}
