import Chain
import Consensus
import Cryptography

/// How a simulated seed ended.
public struct Outcome: Sendable {
    public let seed: UInt64
    public let violations: [Violation]
    /// The highest view that any node reached.
    public let views: UInt64
    public let finalizedViews: Int
    public let events: Int
    public let crashes: Int
    public let virtualMilliseconds: UInt64
    /// How long after the faults every honest node had made progress.
    public let healMilliseconds: UInt64
    public let trace: Trace
}

/// A whole network in one thread: engines, disks, links and a virtual clock. Everything that
/// happens follows from the seed.
///
/// Faults first, as the scenario draws them; then everything heals, and every honest node must make
/// progress within a bound (X8).
public struct World {
    let scenario: Scenario
    let seed: UInt64
    var random: SeededRandom
    var network: VirtualNetwork
    var checker: Checker
    var trace: Trace
    var nodes: [SimulatedNode]
    var queue = EventQueue()
    /// Nanoseconds.
    var now: UInt64 = 0
    var scheduled: UInt64 = 0
    var events = 0
    var crashes = 0
    var isHealing = false
    /// Never comes back after the faults.
    let deadSeat: UInt16?
    let byzantineSeat: UInt16?
    /// Milliseconds of the wall clock at the virtual origin.
    static let epochMilliseconds: UInt64 = 1_000_000

    /// - Parameter validators: how many; nil lets the seed draw.
    public init(seed: UInt64, validators: Int? = nil, keepsTrace: Bool = false) {
        var random = SeededRandom(seed: seed)
        let scenario = Scenario(random: &random, validators: validators)
        self.init(seed: seed, scenario: scenario, random: random, keepsTrace: keepsTrace)
    }

    public init(
        seed: UInt64, scenario: Scenario, random: SeededRandom, keepsTrace: Bool = false
    ) {
        self.seed = seed
        self.scenario = scenario
        self.random = random
        let instance = World.instance(powers: scenario.powers)
        let powers = instance.validators.validators.map(\.power)
        var owners = (0..<powers.count).map { UInt16($0) }
        var byzantine: Set<UInt16> = []
        let seat = scenario.faulty.map { World.seat(of: $0, scenario, powers) }
        byzantineSeat = scenario.adversary == nil ? nil : seat
        deadSeat = scenario.adversary == nil ? seat : nil
        if let seat = byzantineSeat {
            byzantine = [seat]
            if scenario.adversary == .twin { owners.append(seat) }
        }
        network = VirtualNetwork(scenario: scenario, endpoints: owners.count)
        checker = Checker(powers: powers, byzantine: byzantine)
        trace = Trace(keepsLines: keepsTrace)
        var skews: [UInt64] = []
        for _ in owners { skews.append(self.random.below(scenario.clockSkew + 1)) }
        nodes = owners.enumerated().map { endpoint, signer in
            SimulatedNode(
                endpoint: endpoint, signer: signer, instance: instance,
                timing: scenario.timing, skew: skews[endpoint])
        }
    }

    /// The set is ordered by power: a seat that has the power of a validator of the scenario.
    private static func seat(of validator: Int, _ scenario: Scenario, _ powers: [UInt64]) -> UInt16
    {
        UInt16(powers.lastIndex(of: scenario.powers[validator]) ?? 0)
    }

    /// The same for every simulation with these powers.
    static func instance(powers: [UInt64]) -> Instance {
        guard let chainID = ChainID("simulation") else {
            preconditionFailure("the name is a chain id")
        }
        let validators = powers.enumerated().map { index, power in
            Validator(
                key: SigningKey(seed: [UInt8](repeating: UInt8(index + 1), count: 32)).publicKey,
                power: power)
        }
        let set: ValidatorSet
        do {
            set = try ValidatorSet(validators)
        } catch {
            preconditionFailure("the powers make a set: \(error)")
        }
        let base = BlockSummary(
            hash: Digest(.genesis, [1]), height: Height(0), view: .zero,
            timestamp: Timestamp(epochMilliseconds))
        return Instance(
            chainID: chainID, epoch: .zero, base: base, validators: set,
            boundary: Height(.max), previousSeed: nil)
    }

    // MARK: Running

    /// Runs the seed to its end.
    public mutating func run() -> Outcome {
        for node in nodes { start(node) }
        scheduleFaults()
        while events < scenario.faultEvents, checker.violations.isEmpty, step() {}
        heal()
        let healedAt = now
        let goal = goal()
        let deadline = now + scenario.healMilliseconds * Scenario.nanosecondsPerMillisecond
        while checker.violations.isEmpty, !isReached(goal) {
            guard step(), now <= deadline, events < World.eventsMax else {
                failProgress(goal)
                break
            }
        }
        checker.conclude()
        let views = nodes.map { $0.engine.currentView.value }.max() ?? 0
        return Outcome(
            seed: seed, violations: checker.violations, views: views,
            finalizedViews: checker.finalizedViews, events: events, crashes: crashes,
            virtualMilliseconds: now / Scenario.nanosecondsPerMillisecond,
            healMilliseconds: (now - healedAt) / Scenario.nanosecondsPerMillisecond,
            trace: trace)
    }

    /// A run that needs more events after the faults has a storm in it.
    static let eventsMax = 200_000

    private func goal() -> View {
        let highest = nodes.map { $0.engine.lastFinalizedView.value }.max() ?? 0
        return View(highest + scenario.progressViews)
    }

    private func isReached(_ goal: View) -> Bool {
        nodes.allSatisfy { node in
            let told = node.engine.finalizedHead?.certificate.value.view ?? .zero
            return told >= goal || node.signer == byzantineSeat || node.signer == deadSeat
        }
    }

    private mutating func failProgress(_ goal: View) {
        let states = nodes.map {
            "\($0.endpoint): view \($0.engine.currentView), "
                + "final \($0.engine.lastFinalizedView), "
                + "height \($0.engine.finalizedSummary.height)"
        }
        checker.fail("X8", "no progress to view \(goal): \(states.joined(separator: "; "))")
    }

    /// Lets the next event happen.
    private mutating func step() -> Bool {
        guard let event = queue.removeFirst() else { return false }
        now = max(now, event.time)
        let node = nodes[event.endpoint]
        if let incarnation = event.incarnation {
            guard node.isUp, node.incarnation == incarnation else { return true }
        }
        events += 1
        trace.mix(event.time)
        trace.mix(UInt64(event.endpoint))
        happen(event.occurrence, to: node)
        return true
    }

    mutating func schedule(
        _ occurrence: Occurrence, to node: SimulatedNode, afterMilliseconds delay: UInt64,
        outlivesProcess: Bool = false
    ) {
        schedule(
            occurrence, to: node, at: now + delay * Scenario.nanosecondsPerMillisecond,
            outlivesProcess: outlivesProcess)
    }

    mutating func schedule(
        _ occurrence: Occurrence, to node: SimulatedNode, at time: UInt64,
        outlivesProcess: Bool = false
    ) {
        scheduled += 1
        queue.insert(
            ScheduledEvent(
                time: max(now, time), order: scheduled, endpoint: node.endpoint,
                incarnation: outlivesProcess ? nil : node.incarnation, occurrence: occurrence))
    }

    // MARK: Faults

    private mutating func scheduleFaults() {
        for node in nodes {
            scheduleCrash(of: node)
            node.hasWork = scenario.workInterval > 0 && !scenario.sharesWork
            if scenario.workInterval > 0, !scenario.sharesWork { scheduleWork(of: node) }
        }
        if scenario.sharesWork { scheduleSharedWork() }
        if scenario.partitions { scheduleRepartition() }
    }

    mutating func scheduleCrash(of node: SimulatedNode) {
        guard scenario.crashInterval > 0, !isHealing else { return }
        let delay = random.within(1...2 * scenario.crashInterval)
        schedule(.crash, to: node, afterMilliseconds: delay, outlivesProcess: true)
    }

    mutating func scheduleWork(of node: SimulatedNode) {
        let delay = random.within(1...2 * scenario.workInterval)
        schedule(
            .work(random.chance(500)), to: node, afterMilliseconds: delay, outlivesProcess: true)
    }

    /// A burst of transactions: at one node first, at the others a moment later.
    mutating func scheduleSharedWork() {
        let delay = random.within(1...2 * scenario.workInterval)
        for node in nodes {
            let hops = random.below(scenario.latency + scenario.jitter + 1)
            schedule(.work(true), to: node, afterMilliseconds: delay + hops, outlivesProcess: true)
        }
        schedule(
            .sharedWork, to: nodes[0], afterMilliseconds: delay + 1, outlivesProcess: true)
    }

    mutating func scheduleRepartition() {
        guard !isHealing else { return }
        schedule(
            .repartition, to: nodes[0], afterMilliseconds: random.within(100...20_000),
            outlivesProcess: true)
    }

    /// All faults end; who is down starts.
    private mutating func heal() {
        isHealing = true
        network.heal()
        network.loss = 0
        network.duplication = 0
        for node in nodes where node.signer == deadSeat { node.isUp = false }
        for node in nodes where !node.isUp && node.signer != deadSeat { start(node) }
        trace.note("\(now / 1_000_000) healed")
    }

    mutating func start(_ node: SimulatedNode) {
        let recovery = node.boot()
        checker.restarted(
            node.endpoint, at: recovery.floor?.header.height ?? node.instance.base.height)
        give(.start(recovery), to: node)
        trace.note("\(now / 1_000_000) \(node.endpoint) state \(node.engine.stateDigest)")
        give(.workPending(node.hasWork), to: node)
    }

    // MARK: Time

    func wallMilliseconds(of node: SimulatedNode) -> UInt64 {
        World.epochMilliseconds + now / Scenario.nanosecondsPerMillisecond + node.skew
    }

    /// Hands an input to an engine and performs what it asks for.
    mutating func give(_ input: Input, to node: SimulatedNode) {
        var effects: [Effect] = []
        trace.note("\(now / 1_000_000) \(node.endpoint) < \(World.describe(input))")
        node.engine.handle(input, at: Instant(nanoseconds: now), into: &effects)
        trace.mix(UInt64(effects.count))
        trace.mix(node.engine.currentView.value)
        for effect in effects { perform(effect, by: node) }
    }
}
