import Chain
import Consensus
import Cryptography
import Replica

extension World {
    // MARK: The vote disk

    func enqueue(_ job: VoteMachine.Job, at node: SimulatedNode) {
        node.votes.waiting.append(job)
        if node.votes.isIdle { workOnVotes(of: node) }
    }

    /// Goes on with the batch until something takes time. Nothing is answered at once: the replica
    /// hears of it in an event of its own.
    private func workOnVotes(of node: SimulatedNode) {
        let incarnation = node.incarnation
        while true {
            if node.votes.batch.isEmpty {
                if !node.votes.appended.isEmpty { return beginLogSync(of: node) }
                guard !node.votes.waiting.isEmpty else { return }
                node.votes.batch = node.votes.waiting
                node.votes.waiting = []
            }
            switch node.votes.batch.removeFirst() {
            case .append(let records, let instance, let sequence):
                append(records, instance, sequence, at: node)
            case .sign(let intent):
                guard beginSigning(intent, by: node) else { continue }
                return
            }
            guard node.incarnation == incarnation else { return }
        }
    }

    private func append(
        _ records: [SafetyRecord], _ instance: Digest, _ sequence: UInt64, at node: SimulatedNode
    ) {
        guard let index = node.log(of: instance) else {
            preconditionFailure("the log of an instance that writes is open")
        }
        node.logs[index].append(records, last: sequence, to: &node.storage.disk)
        for record in records {
            guard case .floor(let certificate) = record else { continue }
            node.signer?.prune(
                instance: instance, through: certificate.view, on: &node.storage.disk)
        }
        if Mutant.isActive(.promisesBeforeSync) { promise(sequence, of: instance, to: node) }
        node.votes.appended.removeAll { $0.instance == instance }
        node.votes.appended.append((instance, sequence))
    }

    private func promise(_ sequence: UInt64, of instance: Digest, to node: SimulatedNode) {
        node.promisedRecords = (instance, sequence)
        schedule(.input(.durable(instance: instance, sequence: sequence)), to: node, after: 0)
    }

    private func beginLogSync(of node: SimulatedNode) {
        let appended = node.votes.appended
        node.votes.appended = []
        node.votes.phase = .syncing(appended)
        for (instance, _) in appended {
            guard let index = node.log(of: instance) else { continue }
            node.logs[index].flush(to: &node.storage.disk)
        }
        guard !reach(.logAppended, by: node) else { return }
        schedule(.votesDone, to: node, after: syncTime(at: node))
    }

    /// True: a row is being synced.
    private func beginSigning(_ intent: VoteIntent, by node: SimulatedNode) -> Bool {
        guard let signer = node.signer else {
            answer(refusing: intent, by: node)
            return false
        }
        switch signer.judge(intent) {
        case .refused:
            answer(refusing: intent, by: node)
            return false
        case .repeated(let vote):
            schedule(.input(.signed(.restored(vote))), to: node, after: 0)
            return false
        case .sign:
            guard let vote = node.signer?.write(intent, to: &node.storage.disk) else {
                return false
            }
            node.votes.phase = .signing(intent, vote)
            guard !reach(.signerAppended, by: node) else { return true }
            schedule(.votesDone, to: node, after: syncTime(at: node))
            return true
        }
    }

    private func answer(refusing intent: VoteIntent, by node: SimulatedNode) {
        schedule(
            .input(
                .refused(
                    instance: intent.instance, kind: intent.statement.kind, view: intent.view)),
            to: node, after: 0)
    }

    /// A sync came back.
    func finishVotes(of node: SimulatedNode) {
        guard !syncFails(at: node) else { return }
        let phase = node.votes.phase
        node.votes.phase = .idle
        switch phase {
        case .idle: return
        case .signing(let intent, let vote):
            node.signer?.finish(vote, instance: intent.instance, on: &node.storage.disk)
            guard !reach(.signerSynced, by: node) else { return }
            checker.signed(
                vote.statement, view: vote.view, signer: vote.signer, instance: intent.instance)
            if timeline.isKept {
                timeline.signings.append(
                    Timeline.Signing(
                        at: now, node: node.endpoint, epoch: vote.epoch.value,
                        view: vote.view.value, isNullify: vote.kind == .nullify))
            }
            schedule(.input(.signed(.restored(vote))), to: node, after: 0)
        case .syncing(let appended):
            for (instance, sequence) in appended {
                guard let index = node.log(of: instance) else { continue }
                node.logs[index].sync(on: &node.storage.disk)
                promise(sequence, of: instance, to: node)
            }
            guard !reach(.logSynced, by: node) else { return }
        }
        workOnVotes(of: node)
    }

    // MARK: Time

    /// How long a sync takes now.
    func syncTime(at node: SimulatedNode) -> UInt64 {
        let most = max(plan.machines.syncMilliseconds, faults.slowSync)
        return chances.machines.within(most * 100_000...most * 1_000_000) * node.slowness
    }

    /// Whether a sync fails: then the process ends before anything rests on it.
    func syncFails(at node: SimulatedNode) -> Bool {
        if !script.syncFailures.isEmpty, scriptFailsSync(of: node) { return true }
        guard faults.syncErrors > 0, chances.machines.below(1_000_000) < faults.syncErrors else {
            return false
        }
        crash(node, downMilliseconds: chances.faults.within(10...5_000))
        return true
    }
}
