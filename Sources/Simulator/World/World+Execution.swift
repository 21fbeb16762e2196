import Chain
import Consensus
import Cryptography
import Ledger
import Replica

extension World {
    // MARK: The executor

    func enqueue(_ job: ExecutorMachine.Job, at node: SimulatedNode) {
        node.ledger.waiting.append(job)
        if node.ledger.current == nil { workOnLedger(of: node) }
    }

    private func workOnLedger(of node: SimulatedNode) {
        guard !node.ledger.waiting.isEmpty else { return }
        let job = node.ledger.waiting.removeFirst()
        node.ledger.current = job
        let transactions: Int
        switch job {
        case .execute(_, let block): transactions = block.body.transactions.count
        case .build(let job): transactions = job.candidates.count
        case .replay(let blocks, _):
            transactions = blocks.reduce(0) { $0 + $1.body.transactions.count }
        case .commit, .committed, .begin:
            schedule(.executorDone, to: node, after: 0)
            return
        }
        let machines = plan.machines
        let base = chances.machines.below(machines.executionMilliseconds * 1_000_000 + 1)
        let work = UInt64(transactions) * machines.transactionMicroseconds * 1_000
        schedule(
            .executorDone, to: node, after: (base + work) * node.slowness + extraWork(on: job))
    }

    func finishExecution(of node: SimulatedNode) {
        guard let job = node.ledger.current else { return }
        node.ledger.current = nil
        let incarnation = node.incarnation
        switch job {
        case .execute(let request, let block): execute(request, block, by: node)
        case .build(let job): build(job, by: node)
        case .commit(let headers, let certificate): commit(headers, certificate, by: node)
        case .replay(let blocks, let head): replay(blocks, head: head, by: node)
        case .committed(let summary, let state): node.executor.committed(summary, base: state)
        case .begin(let instance): node.executor.begin(instance)
        }
        guard node.incarnation == incarnation, node.ledger.current == nil else { return }
        workOnLedger(of: node)
    }

    private func verdict(on block: Block, by node: SimulatedNode) -> ExecutionResult {
        node.facts.blocksExecuted += 1
        let verdict = node.executor.execute(block) { transaction in
            verifiedTransaction(transaction, by: node)
        }
        switch verdict {
        case .valid: return isDivergent(node, at: block.header.height) ? .invalid : .valid
        case .invalid: return .invalid
        case .unavailable: return .unavailable
        }
    }

    private func execute(
        _ request: ExecutionRequest, _ block: Block, by node: SimulatedNode
    ) {
        let result = verdict(on: block, by: node)
        guard !reach(.blockExecuted, by: node, with: block.header.height) else { return }
        give(
            .executed(instance: request.instance, hash: request.hash, result), to: node)
    }

    private func build(_ job: BuildJob, by node: SimulatedNode) {
        guard let built = node.executor.build(job, shouldStop: { false }) else {
            give(.buildFailed(instance: job.instance, view: job.view), to: node)
            return
        }
        guard !reach(.blockBuilt, by: node, with: built.block.header.height) else { return }
        let isWrong = isDivergent(node, at: built.block.header.height)
        let block = isWrong ? diverted(built.block) : built.block
        measurements.built(block, at: now)
        noteBuilt(block)
        give(
            .built(
                instance: job.instance, view: job.view, block, dropped: built.dropped),
            to: node)
    }

    // MARK: Committing

    private func commit(
        _ headers: [Header], _ certificate: Verified<Certificate>, by node: SimulatedNode
    ) {
        var endsEpoch = false
        for header in headers where header.height > node.executor.committed.height {
            guard let executed = node.executor.execution(of: header.hash) else {
                preconditionFailure("a final block was executed: \(header.hash)")
            }
            let isNamed = certificate.value.statement.candidate?.blockHash == header.hash
            enqueue(
                .commit(
                    executed.block, executed.execution,
                    certificate: isNamed ? certificate.value : nil, mustSync: false),
                at: node)
            endsEpoch = endsEpoch || header.height == node.executor.instance.boundary
        }
        if endsEpoch { enqueue(.begin, at: node) }
    }

    /// Executes final blocks and hands them to the disk. A final block that this node finds invalid
    /// means that this node is wrong.
    private func replay(_ blocks: [Block], head: FinalizedHead, by node: SimulatedNode) {
        let last = blocks.last?.hash
        var endsEpoch = false
        for block in blocks where block.header.height > node.executor.committed.height {
            let height = block.header.height
            switch verdict(on: block, by: node) {
            case .valid: break
            case .unavailable, .missing:
                give(.replayFailed(height), to: node)
                return
            case .invalid:
                if !node.isByzantine, !isDivergent(node, at: height) {
                    checker.fail("divergence", "node \(node.member): block \(height) is final")
                }
                diverge(node)
                return
            }
            guard let executed = node.executor.execution(of: block.hash) else { return }
            let isNamed = head.certificate.value.statement.candidate?.blockHash == block.hash
            // The end of a range counts as durable.
            enqueue(
                .commit(
                    block, executed.execution,
                    certificate: isNamed ? head.certificate.value : nil,
                    mustSync: block.hash == last),
                at: node)
            endsEpoch = endsEpoch || height == node.executor.instance.boundary
        }
        enqueue(.replayed(blocks), at: node)
        if endsEpoch { enqueue(.begin, at: node) }
    }
}
