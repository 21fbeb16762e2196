import Chain
import Consensus
import Cryptography
import Ledger
import Replica

extension World {
    // MARK: Schedule

    func startFaults() {
        for node in nodes {
            startClock(of: node)
            scheduleRandomCrash(of: node)
            if node.adversary != nil { scheduleTick(of: node) }
        }
        if faults.partitionsMax > 0 { scheduleRepartition() }
        for fault in plan.faults { startScripted(fault) }
    }

    private func startClock(of node: SimulatedNode) {
        let skew = chances.faults.within(0...2 * faults.clockSkew)
        node.skew = Int64(skew) - Int64(faults.clockSkew)
        let drift = chances.faults.within(0...2 * faults.clockDrift)
        node.drift = Int64(drift) - Int64(faults.clockDrift)
    }

    /// Faults that have their time in the plan.
    private func startScripted(_ fault: Fault) {
        switch fault {
        case .partition(let partition, let start, let milliseconds):
            schedule(.partition(partition), afterMilliseconds: start)
            schedule(.reconnection, afterMilliseconds: start + milliseconds)
        case .clockStep(let member, let at, let milliseconds):
            for node in nodes where node.member == member {
                scheduleMachine(.clockStep(milliseconds: milliseconds), node, at: at)
            }
        case .crash(let member, let at, let down):
            for node in nodes where node.member == member {
                scheduleMachine(.crash(downMilliseconds: down), node, at: at)
            }
        case .dead(let member, let from):
            for node in nodes where node.member == member && from > 0 {
                scheduleMachine(.crash(downMilliseconds: nil), node, at: from)
            }
        case .slowNode(let member, let factor):
            for node in nodes where node.member == member { node.slowness = max(1, factor) }
        case .scripted(let fault): startScript(fault)
        case .jitter, .loss, .duplication, .bandwidth, .partitions, .lastingCut, .clockSkew,
            .clockDrift, .crashes, .crashAt, .slowSyncs, .syncErrors, .readErrors, .lostLog,
            .lostSigner:
            return
        }
    }

    private func scheduleMachine(
        _ occurrence: Occurrence, _ node: SimulatedNode, at milliseconds: UInt64
    ) {
        schedule(
            occurrence, to: node, at: milliseconds * WorldPlan.nanosecondsPerMillisecond,
            outlivesProcess: true)
    }

    private func scheduleAfter(
        _ milliseconds: UInt64, _ occurrence: Occurrence, _ node: SimulatedNode
    ) {
        schedule(
            occurrence, to: node, after: milliseconds * WorldPlan.nanosecondsPerMillisecond,
            outlivesProcess: true)
    }

    private func scheduleRandomCrash(of node: SimulatedNode) {
        let rate = faults.crashesPerMinuteThousandths
        guard rate > 0 else { return }
        let mean = 60_000_000 / rate
        scheduleAfter(chances.faults.within(1...2 * mean), .randomCrash, node)
    }

    func crashAtRandom(_ node: SimulatedNode) {
        guard faults.crashesPerMinuteThousandths > 0 else { return }
        if node.isUp { crash(node, downMilliseconds: chances.faults.within(10...5_000)) }
        scheduleRandomCrash(of: node)
    }

    // MARK: Crashes

    /// Power is lost.
    ///
    /// - Parameter down: until it is back; nil: until the healing.
    func crash(_ node: SimulatedNode, downMilliseconds down: UInt64?) {
        if let down { scheduleAfter(down, .restart, node) }
        guard node.isUp else { return }
        crashes += 1
        trace.note("\(now / 1_000_000) \(node.endpoint) crash")
        note(.crash, of: node)
        endProcess(of: node)
        node.storage.disk.crash(
            VirtualDisk.Tear(
                keptOf256: UInt8(chances.faults.below(256 as UInt64)),
                isLastSectorGarbage: chances.faults.chance(900)))
        if faults.lostLogs.contains(node.member) {
            VirtualVoteLog.deleteAll(on: &node.storage.disk)
            node.promisedRecords = nil
        }
        if let from = faults.lostSigners[node.member], from * 1_000_000 <= now {
            faults.lostSigners[node.member] = nil
            VirtualVoteLog.deleteAll(on: &node.storage.disk)
            node.promisedRecords = nil
            VirtualSigner.beginSilent(
                since: node.wall(now), on: &node.storage.disk)
            trace.note("\(now / 1_000_000) \(node.endpoint) loses its signer's record")
        }
    }

    /// A process ends, and its connections with it; the disk keeps what it has.
    func endProcess(of node: SimulatedNode) {
        node.isUp = false
        node.incarnation += 1
        for (other, connection) in node.connections.sorted(by: { $0.key < $1.key }) {
            let delay =
                network.areCut(node.endpoint, other)
                ? chances.links.within(5_000...15_000 as ClosedRange<UInt64>) * 1_000_000
                : network.latency(from: node.endpoint, to: other)
            schedule(
                .disconnected(node.endpoint, connection: connection), to: nodes[other],
                after: delay)
        }
        node.connections = [:]
    }

    func restart(_ node: SimulatedNode) {
        let milliseconds = now / WorldPlan.nanosecondsPerMillisecond
        if let dead = faults.deadFrom[node.member], dead <= milliseconds { return }
        guard !script.left.contains(node.member) else { return }
        if !node.isUp { start(node) }
    }

    /// A node came to a step; true: it was killed there.
    ///
    /// - Parameter height: of the block at hand; nil: of the last committed one.
    func reach(_ step: Step, by node: SimulatedNode, with height: Height? = nil) -> Bool {
        if !script.isEmpty, script.dies(at: step, with: height ?? node.head.height, node.member) {
            crash(node, downMilliseconds: chances.faults.within(10...1_000))
            return true
        }
        guard !faults.crashesAt.isEmpty else { return false }
        node.stepCounts[step, default: 0] += 1
        let count = node.stepCounts[step] ?? 0
        let isNow = faults.crashesAt.contains {
            $0.step == step && $0.node == node.member && $0.count == count
        }
        guard isNow else { return false }
        crash(node, downMilliseconds: chances.faults.within(10...1_000))
        return true
    }

    // MARK: Partitions

    private func scheduleRepartition() {
        let wait = chances.faults.within(100...max(1_000, faults.partitionsMax))
        schedule(.repartition, afterMilliseconds: wait)
    }

    func repartition() {
        guard faults.partitionsMax > 0 else { return }
        if network.isPartitioned {
            endPartition()
        } else {
            beginPartition(network.drawPartition())
        }
        scheduleRepartition()
    }

    func beginPartition(_ partition: Partition) {
        guard !isHealing else { return }
        trace.note("\(now / 1_000_000) partition \(partition)")
        network.partition(partition)
        for node in nodes where node.isUp {
            for (other, connection) in node.connections.sorted(by: { $0.key < $1.key })
            where network.areCut(node.endpoint, other) {
                let delay: UInt64 = chances.links.within(8_000...15_000) * 1_000_000
                schedule(.silence(other, connection: connection), to: node, after: delay)
            }
        }
    }

    func endPartition() {
        trace.note("\(now / 1_000_000) partition ends")
        network.reconnect()
    }

    // MARK: Healing

    /// All faults end; who is down starts.
    private func heal() {
        isHealing = true
        trace.note("\(now / 1_000_000) healed")
        faults.end()
        script.end()
        timeline.healedAt = now
        network.heal()
        for node in nodes {
            node.slowness = 1
            node.skew = 0
            node.drift = 0
        }
        for node in nodes { restart(node) }
    }

    /// Heals, and waits until every honest node has gained the plan's heights.
    func healAndWait() -> Healing {
        var healing = healBounds()
        heal()
        let start = now
        let goal = checker.highest.advanced(by: plan.progressHeights)
        let deadline = start + healing.limit * WorldPlan.nanosecondsPerMillisecond
        run(until: deadline) { !hasReached(goal) }
        healing.took = (now - start) / WorldPlan.nanosecondsPerMillisecond
        if checker.violations.isEmpty, !hasReached(goal) {
            let states = nodes.map { node in
                "\(node.endpoint): \(node.isUp ? "up" : "down") epoch \(node.instance.epoch) "
                    + "view \(node.view) height \(node.head.height)"
            }
            checker.fail(
                "X8",
                "no progress to \(goal) in \(healing.limit) ms: \(states.joined(separator: "; "))"
            )
        }
        return healing
    }

    /// From what the nodes have reached when the faults end.
    private func healBounds() -> Healing {
        var multiplier: UInt64 = 1_000
        var behind: UInt64 = 0
        for node in nodes where !node.isByzantine && !deadMembers.contains(node.member) {
            let reached = Backoff.multiplier(
                current: node.view, lastFinalized: node.replica.facts.finalizedView,
                timing: plan.timing)
            multiplier = max(multiplier, reached)
            let height = min(checker.highest, node.head.height)
            behind = max(behind, checker.highest.value - height.value)
        }
        let literal = plan.literalHealBound(
            multiplierThousandths: multiplier, latency: network.latencyMax)
        let paced = plan.healBound(
            multiplierThousandths: multiplier, latency: network.latencyMax)
        let transfer =
            behind * (plan.machines.executionMilliseconds + plan.machines.syncMilliseconds + 20)
        return Healing(
            bound: literal, pacedBound: paced + transfer,
            isPartial: plan.separatesHonestNodes)
    }

    private func hasReached(_ goal: Height) -> Bool {
        nodes.allSatisfy { node in
            node.isByzantine || deadMembers.contains(node.member) || node.head.height >= goal
        }
    }
}
