import Chain
import Consensus
import Cryptography
import Replica

/// The faults of a script, as the world looks them up; they end with the healing.
struct ActiveScript: Sendable {
    private struct Cut: Sendable {
        let from: Set<Int>
        let to: Set<Int>
        let start: UInt64
        let end: UInt64
    }

    private var cuts: [Cut] = []
    private var lostProposals: [(start: UInt64, end: UInt64)] = []
    /// From when on and for how long half of the nodes are to hear nothing, in nanoseconds.
    private var deafHalves: [(start: UInt64, length: UInt64)] = []
    /// Rifts to come, and the one at work.
    var rift = RiftScript()
    private(set) var bare: Set<Int> = []
    private(set) var unheard: Set<Int> = []
    /// What those proposed, by view.
    var unheardViews: [(epoch: Epoch, view: View)] = []
    /// By member: the height from which on its execution differs.
    private(set) var divergences: [Int: UInt64] = [:]
    /// Transactions that only the node admits that a client gave them to.
    var privateTransactions: Set<Digest> = []
    var heavy: (height: UInt64, nanoseconds: UInt64)?
    /// The one that is heavy.
    var heavyBlock: Digest?
    /// By member, in nanoseconds.
    var syncFailures: [Int: UInt64] = [:]
    var deaths: [Int: Int] = [:]
    var boundaryDeaths: [UInt64: UInt64] = [:]
    private var heightCrashes: [(step: Step, height: UInt64, dead: Set<Int>)] = []
    /// Finalize votes of these views are lost.
    var unfinalized: [(epoch: UInt64, view: View)] = []
    private(set) var leaves: Set<UInt64> = []
    /// Epochs whose last block is held by somebody who does not leave.
    fileprivate(set) var handedOver: Set<UInt64> = []
    var left: Set<Int> = []
    private(set) var hails = false
    var hailsLeft = 0
    /// A new block above this height must come before the next one.
    var hailHeight: Height?
    private(set) var isEmpty = true

    init(_ plan: WorldPlan) {
        let unit = WorldPlan.nanosecondsPerMillisecond
        for case .scripted(let fault) in plan.faults {
            isEmpty = false
            switch fault {
            case .cut(let from, let to, let at, let length):
                cuts.append(
                    Cut(from: Set(from), to: Set(to), start: at * unit, end: (at + length) * unit))
            case .deafHalf(let at, let length): deafHalves.append((at * unit, length * unit))
            case .bothCertificates(let at, let isReverse):
                rift.due.append((at * unit, isReverse))
            case .lostProposals(let at, let length):
                lostProposals.append((at * unit, (at + length) * unit))
            case .bareProposals(let node): bare.insert(node)
            case .unheardProposals(let node): unheard.insert(node)
            case .divergence(let node, let height): divergences[node] = height
            case .hail(let count):
                hails = true
                hailsLeft = count
            case .heavyBlock(let height, let length): heavy = (height, length * unit)
            case .syncFailure(let node, let at): syncFailures[node] = at * unit
            case .diesAfterProposal(let node, let count): deaths[node] = count
            case .diesAtBoundary(let epoch, let down): boundaryDeaths[epoch] = down
            case .crashAtHeight(let step, let height): heightCrashes.append((step, height, []))
            case .leavesAtBoundary(let epoch): leaves.insert(epoch)
            case .slowLink, .burst, .privateTransaction: continue
            }
        }
    }

    func isCut(from: Int, to: Int, at now: UInt64) -> Bool {
        cuts.contains {
            $0.start <= now && now < $0.end && $0.from.contains(from) && $0.to.contains(to)
        }
    }

    /// Whether a proposal makes half of the nodes deaf, and for how long; once for each such fault.
    mutating func deafening(at now: UInt64) -> UInt64? {
        guard let index = deafHalves.firstIndex(where: { $0.start <= now }) else { return nil }
        return deafHalves.remove(at: index).length
    }

    mutating func cut(from: [Int], to: [Int], start: UInt64, end: UInt64) {
        cuts.append(Cut(from: Set(from), to: Set(to), start: start, end: end))
    }

    /// Whether a node dies at a step with the block of a height; once.
    mutating func dies(at step: Step, with height: Height, _ member: Int) -> Bool {
        for index in heightCrashes.indices
        where heightCrashes[index].step == step && heightCrashes[index].height == height.value {
            if heightCrashes[index].dead.insert(member).inserted { return true }
        }
        return false
    }

    func losesProposals(at now: UInt64) -> Bool {
        lostProposals.contains { $0.start <= now && now < $0.end }
    }

    mutating func end() {
        cuts = []
        deafHalves = []
        rift = RiftScript()
        lostProposals = []
        bare = []
        unheard = []
        divergences = [:]
        syncFailures = [:]
        deaths = [:]
        boundaryDeaths = [:]
        heightCrashes = []
        unfinalized = []
        hailsLeft = 0
        hailHeight = nil
    }
}

extension World {
    private static let millisecond = WorldPlan.nanosecondsPerMillisecond

    // MARK: Schedule

    func startScript(_ fault: ScriptedFault) {
        switch fault {
        case .burst(let at, let transactions):
            schedule(.burst(transactions), afterMilliseconds: at)
        case .hail: schedule(.hail, afterMilliseconds: chances.faults.within(2_000...5_000))
        case .privateTransaction(let node, let at):
            schedule(.privateTransaction(node), afterMilliseconds: at)
        case .cut, .deafHalf, .bothCertificates, .lostProposals, .bareProposals, .slowLink,
            .heavyBlock, .syncFailure,
            .diesAfterProposal, .diesAtBoundary, .crashAtHeight, .leavesAtBoundary, .divergence,
            .unheardProposals:
            return
        }
    }

    /// Whether what the plan wants to happen has happened, so that its time need not run out.
    var isScriptDone: Bool {
        script.hails && script.hailsLeft == 0 && script.hailHeight == nil
    }

    // MARK: Hail

    func hail() {
        guard !isHealing, script.hailsLeft > 0 else { return }
        script.hailsLeft -= 1
        timeline.hails += 1
        script.hailHeight = checker.highest
        let hails = timeline.hails
        for node in nodes {
            crash(node, downMilliseconds: chances.faults.within(10...1_000))
        }
        let bound = plan.literalHealBound(multiplierThousandths: 1_000)
        schedule(.hailOverdue(hails), afterMilliseconds: bound + 1_000)
    }

    /// After each hail there must be a new block.
    func checkHail(_ number: Int) {
        guard timeline.hails == number, script.hailHeight != nil, !isHealing else { return }
        checker.fail("S10", "no block after the crash \(number)")
    }

    /// A block was committed.
    func endHail(_ height: Height) {
        guard let floor = script.hailHeight, height > floor else { return }
        script.hailHeight = nil
        if script.hailsLeft > 0 {
            schedule(.hail, afterMilliseconds: chances.faults.below(3_000 as UInt64))
        }
    }

    // MARK: Messages

    /// A message as it leaves a node under a script; nil: it is lost.
    func scripted(_ message: PeerMessage, by node: SimulatedNode) -> PeerMessage? {
        switch message {
        case .proposal(let proposal):
            guard !script.losesProposals(at: now) else { return nil }
            if script.unheard.contains(node.member) {
                script.unheardViews.append((proposal.vote.epoch, proposal.vote.view))
                return nil
            }
            guard script.bare.contains(node.member), !proposal.justification.isEmpty else {
                return message
            }
            timeline.happened += 1
            return .proposal(
                BlockProposal(
                    vote: proposal.vote, header: proposal.header, body: proposal.body,
                    isCompact: proposal.isCompact, justification: []))
        case .vote(let vote):
            if vote.statement.kind == .notarize, script.losesProposals(at: now) { return nil }
            // The vote of a leader alone would be enough for the others to fetch its block.
            if vote.statement.kind == .notarize, script.unheard.contains(node.member),
                script.unheardViews.contains(where: {
                    $0.epoch == vote.epoch && $0.view == vote.view
                })
            {
                return nil
            }
            let isLost = script.unfinalized.contains {
                vote.statement.kind == .finalize && vote.view == $0.view
                    && vote.epoch.value == $0.epoch
            }
            return isLost ? nil : message
        case .certificate(let certificate):
            // In a standstill votes travel as partial certificates too.
            let isLost = certificate.kind == .notarize && script.losesProposals(at: now)
            return isLost ? nil : message
        case .blockRequest, .blockResponse, .blockTransactionsRequest, .blockTransactionsResponse,
            .certificateRequest,
            .certificateResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            return message
        }
    }

    /// A node has sent a proposal: notes it, and kills who must die by it.
    func sentProposal(_ proposal: BlockProposal, by node: SimulatedNode) {
        let vote = proposal.vote
        if timeline.isKept {
            timeline.proposals.append(
                Timeline.Proposal(
                    at: now, node: node.endpoint, epoch: vote.epoch.value, view: vote.view.value,
                    height: proposal.header?.height.value,
                    parentView: vote.statement.candidate?.parentView.value ?? 0))
        }
        guard !script.isEmpty, !isHealing else { return }
        if !node.isByzantine, let length = script.deafening(at: now) {
            deafenHalf(for: length, with: node, in: vote.view)
        }
        if !node.isByzantine { noteRift(vote.view, of: node) }
        if let count = script.deaths[node.member] {
            script.deaths[node.member] = count - 1
            if count == 1 { crash(node, downMilliseconds: nil) }
        }
        if let header = proposal.header, header.height == node.instance.boundary,
            let down = script.boundaryDeaths.removeValue(forKey: header.epoch.value)
        {
            timeline.happened += 1
            script.unfinalized.append((header.epoch.value, header.view))
            crash(node, downMilliseconds: down)
        }
    }

    /// The proposer, and honest nodes until they are half, hear nobody else from now on.
    private func deafenHalf(for length: UInt64, with proposer: SimulatedNode, in view: View) {
        let honest = nodes.filter { !$0.isByzantine }.map(\.endpoint)
        let order =
            [proposer.endpoint]
            + honest.filter { $0 != proposer.endpoint }.shuffled(using: &chances.faults)
        let deaf = order.prefix(honest.count - honest.count / 2).sorted()
        let others = honest.filter { !deaf.contains($0) }
        let byzantine = nodes.filter(\.isByzantine).map(\.endpoint)
        script.cut(from: others + byzantine, to: deaf, start: now, end: now + length)
        guard timeline.isKept else { return }
        timeline.deafenings.append(
            Timeline.Deafening(
                at: now, end: now + length, view: view.value, deaf: deaf, others: others))
    }

    // MARK: Machines

    /// How much longer a block takes to execute or to build.
    func extraWork(on job: ExecutorMachine.Job) -> UInt64 {
        guard let heavy = script.heavy else { return 0 }
        switch job {
        case .execute(_, let block):
            return script.heavyBlock == block.hash ? heavy.nanoseconds : 0
        case .build, .commit, .replay, .committed, .begin: return 0
        }
    }

    /// The first block from a height on is the heavy one.
    func noteBuilt(_ block: Block) {
        guard let heavy = script.heavy, script.heavyBlock == nil,
            block.header.height.value >= heavy.height
        else { return }
        script.heavyBlock = block.hash
        timeline.happened += 1
    }

    /// Whether the script lets this sync fail: then the process ends before anything rests on it.
    func scriptFailsSync(of node: SimulatedNode) -> Bool {
        guard let from = script.syncFailures[node.member], from <= now else { return false }
        script.syncFailures[node.member] = nil
        timeline.happened += 1
        crash(node, downMilliseconds: nil)
        return true
    }

    /// A node has begun an epoch: true if it leaves for good now. Nobody leaves before somebody who
    /// stays has the last block and what made it final: it would be lost with the last that leaves.
    func leavesForGood(_ node: SimulatedNode) -> Bool {
        guard !script.leaves.isEmpty, node.instance.epoch > .zero else { return false }
        let last = node.instance.epoch.value - 1
        guard script.leaves.contains(last) else { return false }
        let leavers = plan.leavers(after: last)
        if !leavers.contains(node.member), script.handedOver.insert(last).inserted {
            for other in nodes
            where leavers.contains(other.member) && other.instance.epoch.value > last {
                leaveForGood(other)
            }
        }
        guard leavers.contains(node.member), script.handedOver.contains(last) else { return false }
        leaveForGood(node)
        return true
    }

    private func leaveForGood(_ node: SimulatedNode) {
        guard script.left.insert(node.member).inserted else { return }
        timeline.happened += 1
        crash(node, downMilliseconds: nil)
    }

    // MARK: Execution

    /// What a node that executes wrongly holds of a block that is right, and of one of its own.
    func isDivergent(_ node: SimulatedNode, at height: Height) -> Bool {
        guard let first = script.divergences[node.member] else { return false }
        return height.value >= first
    }

    /// A block as a node builds it that executes wrongly.
    func diverted(_ block: Block) -> Block {
        var header = block.header
        header.stateRoot = Digest(.block, header.stateRoot.bytes)
        return Block(header: header, body: block.body)
    }

    /// A client gives a node a transaction that nobody else takes.
    func givePrivateTransaction(to member: Int) {
        guard let node = nodes.first(where: { $0.member == member && $0.isUp }) else { return }
        let transaction = clientTransaction(for: node)
        script.privateTransactions.insert(transaction.id)
        timeline.privateTransactions.append(
            Timeline.Entry(
                at: now, node: node.endpoint, epoch: node.instance.epoch.value,
                view: node.view.value, leader: -1))
    }

    // MARK: Samples

    private static let sampleMilliseconds: UInt64 = 60_000

    /// Notes the sizes of all disks, now and every minute.
    func sampleDisks() {
        guard timeline.isKept else { return }
        for node in nodes {
            let parts = node.storage.disk.byteCounts
            timeline.sizes.append(
                Timeline.Size(
                    at: now, node: node.endpoint, bytes: UInt64(parts.reduce(0, +)),
                    parts: parts))
        }
        schedule(.sample, afterMilliseconds: World.sampleMilliseconds)
    }

    func note(_ kind: Timeline.Life.Kind, of node: SimulatedNode) {
        guard timeline.isKept else { return }
        timeline.lives.append(
            Timeline.Life(
                at: now, node: node.endpoint, kind: kind, height: node.head.height.value,
                epoch: node.instance.epoch.value))
    }

    /// The node that leads a view of the instance in which another node is.
    func leader(_ index: UInt16, in instance: Instance) -> Int {
        guard let validator = instance.validators.validators[safe: Int(index)] else { return -1 }
        return cast.node(ofConsensusKey: validator.key) ?? -1
    }
}
