import Chain
import Consensus
import Cryptography
import Ledger
import Replica

/// A whole network in one thread: nodes with everything that they are made of but sockets and
/// threads, disks, links and virtual clocks. Everything that happens follows from the plan and its
/// seed.
///
/// Faults first, as the plan has them; then everything heals, and every honest node must make
/// progress within a bound (X8).
public final class World {
    public let plan: WorldPlan
    let cast: Cast
    let election: Election

    /// One stream for each concern, so that leaving out one fault shifts little.
    struct Chances {
        var machines: SeededRandom
        var faults: SeededRandom
        var links: SeededRandom
        var clients: SeededRandom
        var adversaries: SeededRandom

        init(seed: UInt64) {
            machines = SeededRandom(seed: seed, purpose: "machines")
            faults = SeededRandom(seed: seed, purpose: "faults")
            links = SeededRandom(seed: seed, purpose: "links")
            clients = SeededRandom(seed: seed, purpose: "clients")
            adversaries = SeededRandom(seed: seed, purpose: "adversaries")
        }
    }

    var chances: Chances
    var network: VirtualNetwork
    var checker: Checker
    var trace: Trace
    var measurements: Measurements
    var timeline: Timeline
    var script: ActiveScript
    var clients: Clients
    let nodes: [SimulatedNode]
    /// By network key: several for twins.
    private let endpoints: [PublicKey: [Int]]

    private var queue = EventQueue()
    /// Nanoseconds of virtual time.
    var now: UInt64 = 0
    private var scheduled: UInt64 = 0
    private(set) var events = 0
    var crashes = 0
    var nextConnection: UInt64 = 1
    var isHealing = false
    let deadMembers: Set<Int>
    var faults: ActiveFaults
    private var effects: [ReplicaEffect] = []
    /// Called now and then with the milliseconds of virtual time, so that a long run can say how
    /// far it is. Nothing that happens follows from it.
    public var watch: ((UInt64) -> Void)?

    public init(_ plan: WorldPlan, keepsTrace: Bool = false) {
        self.plan = plan
        let cast = Cast(plan)
        self.cast = cast
        let election = Seating(plan).election(cast)
        self.election = election
        chances = Chances(seed: plan.seed)
        checker = Checker(plan, cast: cast)
        trace = Trace(keepsLines: keepsTrace)
        measurements = Measurements()
        timeline = Timeline(isKept: plan.keepsTimeline)
        script = ActiveScript(plan)
        clients = Clients(cast: cast, load: plan.load)
        deadMembers = plan.deadNodes.union(plan.leavers)
            .union(plan.upgrade?.oldNodes ?? [])
        faults = ActiveFaults(plan)
        // Twins have a second endpoint behind all others.
        let twins = plan.corrupted.filter { $0.behaviour == "twin" }.map(\.node)
        let members = Array(0..<plan.nodes) + twins
        network = VirtualNetwork(plan, endpoints: members.count)
        let genesis = plan.genesisState(cast)
        nodes = members.enumerated().map { endpoint, member in
            SimulatedNode(
                endpoint: endpoint, member: member, cast: cast, plan: plan, genesis: genesis,
                election: election)
        }
        var endpoints: [PublicKey: [Int]] = [:]
        for node in nodes { endpoints[node.networkKey, default: []].append(node.endpoint) }
        self.endpoints = endpoints
        for node in nodes {
            let behaviour = plan.corrupted.first { $0.node == node.member }?.behaviour
            node.adversary = behaviour.flatMap { AdversaryLibrary.make($0) }
        }
    }

    func endpoints(of key: PublicKey) -> [Int] { endpoints[key] ?? [] }

    // MARK: Running

    /// A run that needs more events in a second of virtual time has a storm in it. In a large set
    /// everybody writes to everybody several times a second, and every transaction is told to all.
    private var eventsPerSecondMax: UInt64 {
        let nodes = UInt64(nodes.count)
        return max(
            200_000, 150 * nodes * nodes, nodes * plan.load.perSecondThousandths / 25)
    }

    /// Runs the plan to its end.
    public func run() -> Outcome {
        begin()
        let end = plan.milliseconds * WorldPlan.nanosecondsPerMillisecond
        run(until: end) { !isScriptDone }
        let asks = plan.heals && checker.violations.isEmpty
        let healing = asks ? healAndWait() : nil
        checker.conclude()
        return outcome(healing: healing)
    }

    private func begin() {
        startFaults()
        for node in nodes where faults.deadFrom[node.member] != 0 { start(node) }
        scheduleClients()
        sampleDisks()
    }

    /// Lets everything happen until a moment, or until a rule is broken.
    func run(until end: UInt64, while goes: () -> Bool = { true }) {
        let limit = eventsPerSecondMax
        while checker.violations.isEmpty, goes(), let next = queue.nextTime, next <= end {
            step()
            if events % 16_384 == 0 { watch?(now / WorldPlan.nanosecondsPerMillisecond) }
            if UInt64(events) > 100_000 + limit * (now / 1_000_000_000 + 1) {
                checker.fail("storm", "\(events) events in \(now / 1_000_000) ms")
            }
        }
        if checker.violations.isEmpty { now = max(now, goes() ? end : now) }
    }

    private func step() {
        guard let event = queue.removeFirst() else { return }
        now = max(now, event.time)
        let node = nodes[event.endpoint]
        if let incarnation = event.incarnation {
            guard node.isUp, node.incarnation == incarnation else { return }
        }
        events += 1
        trace.mix(event.time)
        trace.mix(UInt64(event.endpoint))
        happen(event.occurrence, to: node)
    }

    func schedule(
        _ occurrence: Occurrence, to node: SimulatedNode, after nanoseconds: UInt64,
        outlivesProcess: Bool = false
    ) {
        schedule(
            occurrence, to: node, at: now + nanoseconds, outlivesProcess: outlivesProcess)
    }

    func schedule(
        _ occurrence: Occurrence, to node: SimulatedNode, at time: UInt64,
        outlivesProcess: Bool = false
    ) {
        guard time < .max / 2 else { return }
        scheduled += 1
        queue.insert(
            ScheduledEvent(
                time: max(now, time), order: scheduled, endpoint: node.endpoint,
                incarnation: outlivesProcess ? nil : node.incarnation, occurrence: occurrence))
    }

    /// What the world does to itself.
    func schedule(_ occurrence: Occurrence, afterMilliseconds delay: UInt64) {
        schedule(
            occurrence, to: nodes[0], after: delay * WorldPlan.nanosecondsPerMillisecond,
            outlivesProcess: true)
    }

    private func happen(_ occurrence: Occurrence, to node: SimulatedNode) {
        switch occurrence {
        case .timer(let timer, let deadline):
            guard node.timers[timer] == deadline else { return }
            node.timers[timer] = nil
            give(.timer(timer), to: node)
        case .input(let input): give(input, to: node)
        case .verification(let job, let instance, let peer):
            finishVerification(job, in: instance, from: peer, by: node)
        case .admission(let transactions, let source): admit(transactions, from: source, to: node)
        case .votesDone: finishVotes(of: node)
        case .blocksDone: finishBlocks(of: node)
        case .executorDone: finishExecution(of: node)
        case .frame(let frame, let sender, let connection):
            arrive(frame, from: sender, over: connection, at: node)
        case .dial(let other): dial(from: node, to: other)
        case .disconnected(let other, let connection):
            disconnect(node, from: other, connection: connection)
        case .silence(let other, let connection): endSilent(connection, of: node, to: other)
        case .crash(let down): crash(node, downMilliseconds: down)
        case .randomCrash: crashAtRandom(node)
        case .restart: restart(node)
        case .clockStep(let milliseconds): node.skew += milliseconds
        case .repartition: repartition()
        case .partition(let partition): beginPartition(partition)
        case .reconnection: endPartition()
        case .client: clientActs()
        case .burst(let count): for _ in 0..<count { clientSends() }
        case .privateTransaction(let member): givePrivateTransaction(to: member)
        case .hail: hail()
        case .hailOverdue(let number): checkHail(number)
        case .sample: sampleDisks()
        case .tick: tick(node)
        }
    }

    // MARK: The replica

    /// Hands an input to a node's replica and performs what it asks for, in order.
    func give(_ input: ReplicaInput, to node: SimulatedNode) {
        trace.note("\(now / 1_000_000) \(node.endpoint) < \(Describe.text(input))")
        var effects: [ReplicaEffect] = []
        swap(&effects, &self.effects)
        node.replica.handle(input, at: node.moment(now), into: &effects)
        trace.mix(UInt64(effects.count))
        if !input.mayCauseMany {
            checker.asked(
                effects.count, validators: node.instance.validators.count, by: node.member)
        }
        let incarnation = node.incarnation
        for effect in effects {
            guard node.incarnation == incarnation, node.isUp else { break }
            perform(effect, by: node)
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &self.effects)
    }
}

extension ReplicaInput {
    /// At a start everything that the log keeps is reported again, such as the evidence of 256
    /// views, and with a new epoch many early messages may be heard at once.
    fileprivate var mayCauseMany: Bool {
        switch self {
        case .start, .epochBegan: true
        case .connected, .disconnected, .renamed, .received, .verified, .verificationFailed,
            .forgedTransaction, .transaction, .built, .buildFailed, .stored, .executed, .durable,
            .signed, .refused, .committed, .replayed, .replayFailed, .timer:
            false
        }
    }
}
