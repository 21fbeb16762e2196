import Chain
import Consensus
import Cryptography
import Ledger
import Replica
import StateTree

extension World {
    /// Begins a process: an empty memory, and what the disk holds.
    func start(_ node: SimulatedNode) {
        node.incarnation += 1
        node.isUp = true
        node.facts.restarts += 1
        node.votes = VoteMachine()
        node.blocks = BlockMachine()
        node.ledger = ExecutorMachine()
        node.timers = [:]
        node.connections = [:]
        node.logs = []
        node.verifiedTransactions = []
        node.view = .zero
        node.published = node.storage.state
        node.rules = Rules(over: node.published)
        node.head = head(of: node)
        node.blocks.lastSync = now
        checker.recovered(
            node.member, height: node.head.height, hash: node.head.hash,
            root: node.published.root.hash)
        openSigner(of: node)
        let past = blocksAboveFloor(of: node)
        let blocks = past + undecided(of: node)
        let start = epochStart(of: node, undecided: blocks)
        node.instance = start.instance
        node.ownIndex = start.ownIndex
        checker.begun(start.instance, by: node.member)
        node.replica = Replica(
            configuration: Replica.Configuration(
                watchMilliseconds: node.isByzantine ? nil : 0,
                // An adversary sees and changes whole bodies.
                wholeBodyBytesMax: node.isByzantine ? .max : plan.wholeBodyBytesMax),
            epoch: start,
            committed: node.head.height == start.instance.base.height
                ? start.instance.base : node.head)
        node.executor = BlockExecutor(
            genesisHash: cast.genesisHash, instance: start.instance, committed: node.head,
            base: node.published, past: past.map(\.hash), signatures: ToySignature.check,
            election: election, software: plan.software(of: node.member))
        trace.note(
            "\(now / 1_000_000) \(node.endpoint) starts at \(node.head.height), "
                + "epoch \(start.instance.epoch)")
        note(.start, of: node)
        give(.start(blocks: blocks), to: node)
        dialEverybody(from: node)
    }

    private func head(of node: SimulatedNode) -> BlockSummary {
        let height = node.published.height
        guard height > .genesis else { return cast.genesis.summary }
        guard let header = node.storage.header(at: height) else {
            preconditionFailure("the committed block is on the disk: \(height)")
        }
        return header.summary
    }

    /// Blocks that are committed, but above the last one with a finalization of its own.
    private func blocksAboveFloor(of node: SimulatedNode) -> [Block] {
        let record = Queries.epochRecord(Queries.epoch(over: node.published), over: node.published)
        var height = record?.first ?? Height(1)
        if let last = node.storage.lastFinalization {
            height = max(height, last.height.advanced(by: 1))
        }
        var blocks: [Block] = []
        while height <= node.head.height, let hash = node.storage.hash(at: height),
            let block = node.storage.block(hash)
        {
            blocks.append(block)
            height = height.advanced(by: 1)
        }
        return blocks
    }

    private func undecided(of node: SimulatedNode) -> [Block] {
        // A damaged row is as good as none: the block is fetched again.
        let errors = faults.readErrors
        return node.storage.undecided().compactMap { hash in
            errors > 0 && chances.machines.chance(errors) ? nil : node.storage.block(hash)
        }.filter { $0.header.height > node.head.height }
    }

    private func openSigner(of node: SimulatedNode) {
        node.signer = nil
        guard let key = node.consensusKey else { return }
        do throws(LogFrameError) {
            node.signer = try VirtualSigner(
                key: key, rowsMax: plan.signerRowsMax, on: &node.storage.disk)
        } catch {
            checker.fail("log", "node \(node.member): the signer's record: \(error)")
        }
    }

    /// The epoch that builds on the committed block, with what the logs hold of it; opens its log.
    func epochStart(of node: SimulatedNode, undecided: [Block] = []) -> EpochStart {
        let state = node.published
        let epoch = Queries.epoch(over: state)
        let start = SimulatedNode.epochStart(
            after: node.head, epoch: epoch, over: state, consensusKey: node.consensusKey,
            timing: plan.timing)
        let instance = start.instance
        let log = openLog(of: instance.id, at: node)
        let votes = node.signer?.votes(of: instance.id) ?? []
        // A row that survived a crash may be of a vote that nobody has seen.
        for vote in votes {
            checker.signed(
                vote.value.statement, view: vote.value.view, signer: vote.value.signer,
                instance: instance.id)
        }
        // Whose signer's record was lost does not vote in an epoch that had begun by then.
        let isSilent = (node.signer?.silentSince).map { instance.base.timestamp <= $0 } ?? false
        let recovery = Recovery(
            floor: floor(of: node, epoch: epoch), records: log.records, signedVotes: votes,
            forgotten: node.signer?.forgotten(instance.id) ?? .zero,
            headers: undecided.map(\.header), lastSequence: log.lastSequence)
        let before = epoch == .zero ? nil : epoch.lowered(by: 1)
        let hint = before.flatMap { node.storage.boundary(of: $0) }
        return EpochStart(
            instance: instance, ownIndex: isSilent ? nil : start.ownIndex, seats: start.seats,
            timing: start.timing, recovery: recovery,
            previous: hint.map {
                FinalizedHead(header: $0.header, certificate: .restored($0.finalization))
            },
            previousInstance: before.flatMap {
                Queries.instance(of: $0, after: node.head, over: state)
            },
            excluded: excluded(in: instance, byState: start.excluded), reporter: start.reporter)
    }

    /// The seats that the state keeps from leading, and those that the plan does.
    private func excluded(in instance: Instance, byState known: [UInt16]) -> [UInt16] {
        instance.validators.validators.enumerated().compactMap { index, seat in
            let isInPlan =
                !plan.excluded.isEmpty
                && cast.node(ofConsensusKey: seat.key).map { plan.excluded.contains($0) } ?? false
            return isInPlan || known.contains(UInt16(index)) ? UInt16(index) : nil
        }
    }

    private func openLog(
        of instance: Digest, at node: SimulatedNode
    ) -> (records: [SafetyRecord], lastSequence: UInt64) {
        do throws(LogFrameError) {
            var log = try VirtualVoteLog(
                instance: instance, segmentBytesMax: plan.logSegmentBytes,
                on: &node.storage.disk)
            let opened = (log.takeReplayed(), log.lastSequence)
            if let promised = node.promisedRecords, promised.instance == instance,
                opened.1 < promised.sequence
            {
                checker.fail(
                    "durability", "node \(node.member) lost records after \(opened.1)")
            }
            node.logs.append(log)
            // What the log of the epoch before the last one held is moot.
            if node.logs.count > 2 {
                VirtualVoteLog.delete(node.logs.removeFirst().instance, on: &node.storage.disk)
            }
            return opened
        } catch {
            checker.fail("log", "node \(node.member): \(error)")
            return ([], 0)
        }
    }

    /// The highest committed block of the epoch that has a finalization of its own.
    private func floor(of node: SimulatedNode, epoch: Epoch) -> FinalizedHead? {
        guard let last = node.storage.lastFinalization, last.certificate.epoch == epoch,
            let header = node.storage.header(at: last.height)
        else { return nil }
        return FinalizedHead(header: header, certificate: .restored(last.certificate))
    }
}
