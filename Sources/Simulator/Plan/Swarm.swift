/// Draws what a seed simulates. Every seed has its own mixture of faults and its own strengths, so
/// that rare combinations occur (testing.md 1).
public enum Swarm {
    /// - Parameter validators: how many; nil lets the seed draw.
    public static func plan(seed: UInt64, validators: Int? = nil) -> WorldPlan {
        var random = SeededRandom(seed: seed, purpose: "plan")
        let count = validators ?? drawCount(&random)
        var plan = WorldPlan(seed: seed, validators: count)
        plan.stakes = random.pick(WorldPlan.Stakes.allCases)
        plan.followers = random.chance(150) ? 1 : 0
        plan.latency = random.pick([1, 5, 20, 50, 100, 300])
        if random.chance(300) { plan.latency = random.within(1...300) }
        drawTiming(of: &plan, &random)
        drawMachines(of: &plan, &random)
        drawLoad(of: &plan, &random)
        drawEpochs(of: &plan, &random)
        drawFaults(of: &plan, &random)
        drawCulprits(of: &plan, &random)
        keepRelays(of: &plan)
        drawForm(of: &plan)
        return plan
    }

    /// Small networks are cheap and find most; some are larger.
    private static func drawCount(_ random: inout SeededRandom) -> Int {
        switch random.below(20) {
        case 0: random.within(1...3)
        case 1...14: random.within(4...5)
        case 15...18: random.within(6...9)
        default: random.within(10...25)
        }
    }

    private static func drawTiming(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        plan.blockInterval = random.chance(600) ? 500 : random.within(20...1_000)
        plan.idleInterval =
            random.chance(300) ? plan.blockInterval + random.within(0...2_000) : 0
        plan.retryInterval = random.within(2_000...5_000)
        plan.leaderTimeoutExtra = 1_000 + 4 * plan.latency
        plan.advanceTimeoutExtra = 1_000
        plan.logSegmentBytes = Int(random.pick([2_048, 16_384, 1 << 20]))
        plan.signerRowsMax = Int(random.pick([16, 256, 4_096]))
    }

    private static func drawMachines(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        plan.machines.syncMilliseconds = random.within(1...10)
        plan.machines.executionMilliseconds = random.within(0...30)
        plan.machines.signatureMicroseconds = random.within(10...500)
        plan.machines.cores = random.within(1...8)
    }

    private static func drawLoad(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        guard random.chance(900) else { return }
        plan.load = WorldPlan.Load(
            perSecondThousandths: random.pick([200, 1_000, 4_000, 10_000]),
            invalidPermille: random.chance(600) ? random.within(0...300) : 0,
            accounts: random.within(2...16))
    }

    private static func drawEpochs(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        guard random.chance(600) else { return }
        var seats = plan.validators
        if plan.validators > 4, random.chance(600) {
            seats = random.within(4...plan.validators)
        }
        plan.epochs = WorldPlan.Epochs(
            length: random.within(16...40), seats: seats,
            overlapPercent: random.pick([100, 67, 34, 0]))
        plan.epochs?.hasGarbage = random.chance(100)
    }

    /// Two that never reach each other live by what a third one passes on (2.10), which must be
    /// honest: a Byzantine one may keep everything to itself, or be disconnected for its lies.
    private static func keepRelays(of plan: inout WorldPlan) {
        let others = Set(0..<plan.validators).subtracting(plan.corrupted.map(\.node))
            .subtracting(plan.deadNodes)
        plan.faults.removeAll { fault in
            guard case .lastingCut(let a, let b) = fault else { return false }
            return others.subtracting([a, b]).isEmpty
        }
    }

    /// Blocks of a simulated network are small: in half of all seeds even those are named.
    private static func drawForm(of plan: inout WorldPlan) {
        var random = SeededRandom(seed: plan.seed, purpose: "form")
        plan.wholeBodyBytesMax = random.pick([0, 0, 1_000, plan.wholeBodyBytesMax])
    }

    private static func drawFaults(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        let count = plan.nodes
        func add(_ fault: Fault, _ permille: UInt64) {
            if random.chance(permille) { plan.faults.append(fault) }
        }
        add(.jitter(random.within(1...3) * plan.latency), 500)
        add(.loss(permille: random.within(1...300)), 400)
        add(.duplication(permille: random.within(1...200)), 300)
        add(.bandwidth(random.pick([1, 10, 100, 1_000])), 200)
        add(.partitions(millisecondsMax: random.pick([1_000, 10_000, 60_000])), 350)
        add(.clockSkew(random.within(1...500)), 300)
        add(.clockDrift(partsPerMillion: random.within(1...200)), 300)
        add(.crashes(perMinuteThousandths: random.within(100...5_000)), 500)
        add(.slowSyncs(random.within(10...500)), 200)
        add(.syncErrors(perMillion: 1_000), 200)
        add(.readErrors(permille: random.within(1...10)), 200)
        if count >= 4 {
            let (a, b) = (random.below(count), random.below(count))
            if a != b { add(.lastingCut(a, b), 100) }
            add(.lostLog(node: random.below(count)), 100)
            add(.lostSigner(node: random.below(count), from: random.below(30_000 as UInt64)), 50)
            add(.slowNode(node: random.below(count), factor: random.within(2...10)), 100)
        }
    }

    /// Byzantine and dead nodes, together below a third of the power of every set.
    private static func drawCulprits(of plan: inout WorldPlan, _ random: inout SeededRandom) {
        if !Seating(plan).isTolerable {
            plan.faults.removeAll { ["lost-log", "lost-signer"].contains($0.name) }
        }
        guard plan.validators >= 4, random.chance(600) else { return }
        let names = AdversaryLibrary.names
        let candidates = Array(0..<plan.validators).shuffled(using: &random)
        for node in candidates.prefix(random.chance(700) ? 1 : 3) {
            var tried = plan
            if random.chance(850), !names.isEmpty {
                tried.corrupted.append(
                    Corruption(node: node, behaviour: random.pick(names)))
            } else {
                tried.faults.append(.dead(node: node, from: 0))
            }
            if Seating(tried).isTolerable { plan = tried }
        }
    }
}
