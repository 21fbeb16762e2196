import Chain
import Consensus
import Cryptography
import Ledger
import Replica

extension World {
    // MARK: What a replica asks for

    func perform(_ effect: ReplicaEffect, by node: SimulatedNode) {
        trace.note("\(now / 1_000_000) \(node.endpoint) > \(Describe.text(effect))")
        switch effect {
        case .persist(let records, let instance, let sequence):
            enqueue(.append(records, instance: instance, sequence: sequence), at: node)
        case .sign(let intent): enqueue(.sign(intent), at: node)
        case .send(let message, let destination): send(message, to: destination, by: node)
        case .setTimer(let timer, let deadline):
            node.timers[timer] = deadline
            schedule(
                .timer(timer, deadline), to: node,
                at: node.moment(of: deadline.nanoseconds, now: now))
        case .cancelTimer(let timer): node.timers[timer] = nil
        case .verify(let job, let instance, let peer): verify(job, in: instance, peer, by: node)
        case .build(let job): enqueue(.build(job), at: node)
        case .store(let block):
            checker.stored(block.header, in: node.instance, by: node.member)
            enqueue(.store(block), at: node)
        case .execute(let request, let block): enqueue(.execute(request, block), at: node)
        case .commit(let headers, let certificate):
            checker.acted(on: certificate.value, lastHeader: headers.last, by: node.member)
            measure(headers, finalizedBy: node)
            enqueue(.commit(headers, certificate), at: node)
        case .replay(let blocks, let head):
            node.facts.rangesReplayed += 1
            checker.acted(on: head.certificate.value, lastHeader: head.header, by: node.member)
            enqueue(.replay(blocks, head: head), at: node)
        case .serve(let request, let key):
            if let answer = request.heldAnswer {
                send(answer, to: .peer(key), by: node)
            } else {
                enqueue(.serve(request, to: key), at: node)
            }
        case .admitted: measurements.admitted += 1
        case .refused: measurements.refused += 1
        case .penalize(let key, let offence): penalize(key, offence, by: node)
        case .report(let report): note(report, by: node)
        case .keyInUse(let view):
            checker.fail("watch", "node \(node.member) takes its own vote in \(view) for another's")
        }
    }

    private func note(_ report: Report, by node: SimulatedNode) {
        checker.reported(
            report, by: node.member, epoch: node.instance.epoch,
            lastFinalizedView: node.replica.facts.finalizedView)
        switch report {
        case .entered(let view, let leader):
            node.view = view
            node.facts.viewsEntered += 1
            measurements.entered(view, node, at: now)
            checker.used(node.replica.usage, by: node.member)
            if timeline.isKept {
                timeline.entries.append(
                    Timeline.Entry(
                        at: now, node: node.endpoint, epoch: node.instance.epoch.value,
                        view: view.value, leader: self.leader(leader, in: node.instance)))
            }
            act(as: node) { $0.entered(view, as: &$1) }
        case .gaveUp(let view, let leader, _):
            node.facts.timeouts += 1
            guard timeline.isKept else { return }
            timeline.timeouts.append(
                Timeline.Timeout(
                    at: now, node: node.endpoint, epoch: node.instance.epoch.value,
                    view: view.value, leader: self.leader(leader, in: node.instance)))
        case .evidence: measurements.evidence += 1
        case .safetyHalt(let first, let second):
            noteHalt(first?.value, second.value, of: node)
            endProcess(of: node)
        case .localDivergence: diverge(node)
        case .invalidProposal: measurements.invalidProposals += 1
        case .voteRefused: return
        }
    }

    /// A node finds that its execution is not that of the others: the real process ends with
    /// code 70.
    func diverge(_ node: SimulatedNode) {
        note(.alarm, of: node)
        endProcess(of: node)
    }

    /// Both certificates must be in the log by now, and nothing left to the system's buffers.
    private func noteHalt(_ first: Certificate?, _ second: Certificate, of node: SimulatedNode) {
        guard timeline.isKept, !node.isByzantine else { return }
        var disk = node.storage.disk
        disk.crash(VirtualDisk.Tear(keptOf256: 0, isLastSectorGarbage: false))
        var log = try? VirtualVoteLog(
            instance: node.instance.id, segmentBytesMax: plan.logSegmentBytes, on: &disk)
        let certificates = (log?.takeReplayed() ?? []).flatMap { record -> [Certificate] in
            switch record {
            case .certificate(let certificate): [certificate]
            case .halted(let first, let second): [first, second].compactMap(\.self)
            case .ownVote, .certified, .floor, .builtBlock, .entered, .evidence: []
            }
        }
        timeline.halts.append(
            Timeline.Halt(
                at: now, node: node.endpoint, epoch: node.instance.epoch.value, first: first,
                second: second, logged: certificates, told: node.connections.keys.sorted()))
    }

    private func measure(_ headers: [Header], finalizedBy node: SimulatedNode) {
        guard !node.isByzantine else { return }
        for header in headers {
            guard let took = measurements.finalized(header, node, at: now), timeline.isKept else {
                continue
            }
            timeline.finals.append(
                Timeline.Final(
                    at: now, node: node.endpoint, height: header.height.value, took: took))
        }
    }

    // MARK: The door

    private func verify(
        _ job: VerificationJob, in instance: Instance, _ peer: Peer, by node: SimulatedNode
    ) {
        if case .transactions(let transactions) = job {
            let cost = signatureTime(transactions.count, at: node)
            schedule(.admission(transactions, from: peer.key), to: node, after: cost)
            return
        }
        let cost = signatureTime(Describe.signatures(of: job), at: node)
        schedule(.verification(job, in: instance, from: peer), to: node, after: cost)
    }

    /// How long checking signatures takes on some of the cores.
    private func signatureTime(_ count: Int, at node: SimulatedNode) -> UInt64 {
        node.facts.signatureChecks += UInt64(count)
        let machines = plan.machines
        let rounds = (UInt64(count) + machines.cores - 1) / max(1, machines.cores)
        let exact = rounds * machines.signatureMicroseconds * 1_000 * node.slowness
        return exact + chances.machines.below(exact / 4 + 10_000)
    }

    func finishVerification(
        _ job: VerificationJob, in instance: Instance, from peer: Peer, by node: SimulatedNode
    ) {
        do throws(VerificationError) {
            let message = try Door.verified(
                job, in: instance, genesisHash: cast.genesisHash,
                signatures: ToySignature.check)
            give(.verified(message, instance: instance.id, from: peer), to: node)
        } catch {
            give(.verificationFailed(error, instance: instance.id, from: peer), to: node)
        }
    }

    /// Checks transactions on their way into the pool: against the state first, the signatures
    /// last.
    func admit(
        _ transactions: [SignedTransaction], from source: PublicKey?, to node: SimulatedNode
    ) {
        let height = node.head.height.advanced(by: 1)
        var isForgeryReported = false
        for transaction in transactions {
            if source != nil, script.privateTransactions.contains(transaction.id) {
                measurements.rejected += 1
                continue
            }
            do throws(Rejection) {
                try Ledger.admit(
                    transaction, at: height, over: node.published, rules: node.rules)
            } catch {
                measurements.rejected += 1
                continue
            }
            guard let verified = verifiedTransaction(transaction, by: node) else {
                measurements.rejected += 1
                if let source, !isForgeryReported {
                    isForgeryReported = true
                    give(.forgedTransaction(from: Peer(key: source)), to: node)
                }
                continue
            }
            let content = transaction.transaction
            let facts = AdmissionFacts(
                nextSequence: Queries.nextSequence(
                    of: content.sender, lane: content.lane, at: height, over: node.published),
                source: source)
            give(.transaction(verified, facts, ticket: source == nil ? 1 : nil), to: node)
        }
    }

    /// The transaction with its signatures checked, from the cache if they were before.
    func verifiedTransaction(
        _ transaction: SignedTransaction, by node: SimulatedNode
    ) -> Verified<SignedTransaction>? {
        if node.verifiedTransactions.contains(transaction.id) { return .restored(transaction) }
        let verified = try? Verified(
            transaction, genesisHash: cast.genesisHash, signatures: ToySignature.check)
        guard let verified else { return nil }
        if node.verifiedTransactions.count > 20_000 { node.verifiedTransactions = [] }
        node.verifiedTransactions.insert(transaction.id)
        return verified
    }
}
