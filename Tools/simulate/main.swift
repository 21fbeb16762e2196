import ArgumentParser
import Glibc
import Simulator

/// Runs simulations until they are done, and says what broke.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run whole networks in virtual time and check that they agree.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 1_000

    @Option(help: "Begin no further seed after so many seconds of real time.")
    var seconds: UInt64?

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "A named scenario; `list` shows them, `all` runs them all.")
    var scenario = "swarm"

    @Option(help: "How many validators; drawn by each seed unless given.")
    var validators: Int?

    @Option(help: "For how many milliseconds of virtual time the faults last.")
    var milliseconds: UInt64?

    @Option(help: "Leave out a fault by its name, or load, epochs, followers, stakes.")
    var without: [String] = []

    @Option(help: "Let a Byzantine node be honest.")
    var honest: [Int] = []

    @Flag(help: "End with the faults: do not heal, and ask for no progress.")
    var noHeal = false

    @Flag(help: "Put the nodes into ten cloud regions with 1 Gbit/s each, and show figures.")
    var regions = false

    @Option(help: "How many percent of the validators are dead from the start, at most 33.")
    var crashed = 0

    @Option(help: "How many transactions clients send in each second of virtual time.")
    var load: UInt64?

    @Flag(help: "Print the last events of each seed that fails.")
    var trace = false

    @Option(help: "How many lines of a trace.")
    var lines = 200

    @Option(help: "Make the failing plan of this seed as small as it can be.")
    var minimize: UInt64?

    @Option(help: "Twins: `exhaustive` for four validators and four views, or a number of seeds.")
    var twins: String?

    @Option(help: "Switch on deliberate bugs, `all` or one by its name, until each is found.")
    var mutants: String?

    @Option(help: "For how many seconds a mutant is looked for.")
    var mutantSeconds = 600

    @Option(help: .hidden)
    var mutant: String?

    func validate() throws {
        if let validators, !(1...100).contains(validators) {
            throw ValidationError("--validators is from 1 to 100")
        }
        if !(0...33).contains(crashed) {
            throw ValidationError("--crashed is from 0 to 33")
        }
        if let load, !(1...100_000).contains(load) {
            throw ValidationError("--load is from 1 to 100000")
        }
        if !["list", "all"].contains(scenario), ScenarioTable.named(scenario) == nil {
            throw ValidationError("there is no scenario \(scenario); `--scenario list` shows them")
        }
    }

    func run() throws {
        if let mutant { return try MutantsReport.look(for: mutant, seconds: mutantSeconds) }
        if let mutants { return try MutantsReport.run(mutants, seconds: mutantSeconds) }
        if let twins { return try TwinsReport.run(twins, from: from) }
        if scenario == "list" { return list() }
        if scenario == "all" { return try runAll() }
        guard let chosen = ScenarioTable.named(scenario) else { return list() }
        if let minimize { return try shrink(chosen, seed: minimize) }
        if runSeeds(of: chosen) > 0 { throw ExitCode(1) }
    }

    private func runAll() throws {
        var failed: [String] = []
        for scenario in ScenarioTable.scenarios {
            print("\(scenario.name): \(scenario.title)")
            if runSeeds(of: scenario) > 0 { failed.append(scenario.name) }
        }
        print("\(ScenarioTable.scenarios.count) scenarios, \(seeds) seeds each")
        guard !failed.isEmpty else { return }
        print("failed: \(failed.joined(separator: " "))")
        throw ExitCode(1)
    }

    /// - Returns: how many violations there were.
    private func runSeeds(of chosen: Scenario) -> Int {
        let clock = ContinuousClock()
        let start = clock.now
        var totals = Totals()
        var count: UInt64 = 0
        let progress = Progress(chosen.name, seeds: seeds)
        for seed in from..<from + seeds {
            if let seconds, clock.now - start > .seconds(seconds) { break }
            let world = World(plan(chosen, seed: seed))
            let (done, found) = (count, totals.violations)
            world.watch = {
                progress.note(
                    done: done, violations: found, seed: seed, virtualMilliseconds: $0)
            }
            let outcome = world.run()
            count += 1
            let violations = chosen.violations(of: outcome)
            totals.add(outcome)
            if regions { printFigures(of: outcome) }
            totals.violations += violations.count
            for violation in violations { print("seed \(seed): \(violation)") }
            // What was found must not be lost with a process that is killed; nil is all streams.
            if !violations.isEmpty { fflush(nil) }
            if trace, !violations.isEmpty || noHeal { printTrace(chosen, seed: seed) }
        }
        totals.print(seeds: count, elapsed: clock.now - start)
        return totals.violations
    }

    private func list() {
        for scenario in ScenarioTable.all { print("\(scenario.name): \(scenario.title)") }
    }

    /// The scenario's plan with what the command line changes.
    private func plan(_ scenario: Scenario, seed: UInt64) -> WorldPlan {
        var plan = scenario.plan(Scenario.Setting(seed: seed, validators: validators))
        for name in without {
            let reduction: Minimizer.Reduction
            switch name {
            case "load": reduction = .noLoad
            case "epochs": reduction = .noEpochs
            case "followers": reduction = .noFollowers
            case "stakes": reduction = .equalStakes
            default: reduction = .without(fault: name)
            }
            plan = Minimizer.apply(reduction, to: plan)
        }
        for node in honest { plan = Minimizer.apply(.honest(node: node), to: plan) }
        if let milliseconds { plan.milliseconds = milliseconds }
        if noHeal { plan.heals = false }
        for node in 0..<plan.validators * crashed / 100 {
            plan.faults.append(.dead(node: node, from: 0))
        }
        if let load {
            // Few for each account: the sequences of one come in order.
            let accounts = Int(min(max(load, 12), 2_000))
            plan.load = WorldPlan.Load(perSecondThousandths: load * 1_000, accounts: accounts)
        }
        if regions {
            plan.hasRegions = true
            plan.uplink = 1_000
            // As measured: README, "ledger transfers/s".
            plan.machines.transactionMicroseconds = 12
        }
        return plan
    }

    private func shrink(_ scenario: Scenario, seed: UInt64) throws {
        let minimizer = Minimizer(plan(scenario, seed: seed)) { plan in
            scenario.violations(of: World(plan).run())
        }
        guard var minimizer else {
            print("seed \(seed) does not fail")
            return
        }
        print("seed \(seed) breaks \(minimizer.rule)")
        minimizer.run()
        print(Minimizer.describe(minimizer.plan))
        let options = minimizer.reductions.map(\.option).joined(separator: " ")
        print("\(minimizer.runs) runs; again by:")
        print(
            "simulate --scenario \(scenario.name) --from \(seed) --seeds 1 --trace \(options)")
        throw ExitCode(1)
    }

    private func printTrace(_ scenario: Scenario, seed: UInt64) {
        let plan = plan(scenario, seed: seed)
        print(Minimizer.describe(plan))
        let outcome = World(plan, keepsTrace: true).run()
        for line in outcome.trace.lines.suffix(lines) { print(line) }
    }

    private func printFigures(of outcome: Outcome) {
        let views = max(1, outcome.views)
        let nodes = UInt64(max(1, outcome.nodes.count - outcome.plan.deadNodes.count))
        let bytes = outcome.nodes.reduce(0) { $0 + $1.bytesSent } / views / nodes
        let checks = outcome.nodes.reduce(0) { $0 + $1.signatureChecks } / views / nodes
        let named = outcome.nodes.reduce(0) { $0 + $1.namedTransactions }
        let missing = outcome.nodes.reduce(0) { $0 + $1.missingTransactions }
        func milliseconds(_ histogram: Histogram, _ permille: UInt64) -> UInt64 {
            histogram.value(permille: permille) / 1_000_000
        }
        print(
            "seed \(outcome.seed): \(nodes) nodes, height \(outcome.height), "
                + "views \(outcome.views), timeouts \(outcome.timeouts), "
                + "finality p50 \(milliseconds(outcome.finality, 500)) ms "
                + "p99 \(milliseconds(outcome.finality, 990)) ms, three ways alone "
                + "p50 \(outcome.plan.threeDelays(permille: 500) / 1_000_000) ms "
                + "p99 \(outcome.plan.threeDelays(permille: 990) / 1_000_000) ms, "
                + "view p50 \(milliseconds(outcome.viewTime, 500)) ms "
                + "p99 \(milliseconds(outcome.viewTime, 990)) ms, "
                + "bytes/node/view \(bytes), checks/node/view \(checks), "
                + "transactions \(outcome.included), named \(named), missing \(missing)")
    }
}

/// Sums over all seeds.
private struct Totals {
    var violations = 0
    private var views: UInt64 = 0
    private var heights: UInt64 = 0
    private var epochs: UInt64 = 0
    private var events = 0
    private var crashes = 0
    private var included = 0
    private var virtualMilliseconds: UInt64 = 0
    /// Where all faults ended.
    private var healed = 0
    private var slowestHeal: UInt64 = 0
    /// The worst healing in percent of its bound.
    private var worstHeal: UInt64 = 0
    private var overdue = 0
    /// Where a connection stayed cut.
    private var partial = 0
    private var slowestPartial: UInt64 = 0
    /// Of everything that happened, in all seeds (S43).
    private var digest: UInt64 = 0

    mutating func add(_ outcome: Outcome) {
        digest = (digest ^ outcome.trace.digest) &* 0x0000_0100_0000_01B3
        views += outcome.views
        heights += outcome.height
        epochs += outcome.epochs
        events += outcome.events
        crashes += outcome.crashes
        included += outcome.included
        virtualMilliseconds += outcome.virtualMilliseconds
        guard let healing = outcome.healing else { return }
        guard !healing.isPartial else {
            slowestPartial = max(slowestPartial, healing.took)
            partial += 1
            return
        }
        healed += 1
        slowestHeal = max(slowestHeal, healing.took)
        let percent = healing.took * 100 / healing.pacedBound
        worstHeal = max(worstHeal, percent)
        if percent > 100 { overdue += 1 }
    }

    func print(seeds: UInt64, elapsed: Duration) {
        let milliseconds = UInt64(
            max(
                1,
                elapsed.components.seconds * 1_000
                    + elapsed.components.attoseconds / 1_000_000_000_000_000))
        Swift.print("seeds: \(seeds), \(seeds * 60_000 / milliseconds) per minute")
        Swift.print(
            "virtual seconds: \(virtualMilliseconds / 1_000), "
                + "\(virtualMilliseconds / milliseconds) per second")
        Swift.print(
            "views: \(views), heights: \(heights), epochs: \(epochs), transactions: \(included)")
        Swift.print(
            "events: \(events), crashes: \(crashes), hash of all: \(String(digest, radix: 16))")
        Swift.print(
            "recoveries: \(healed), the slowest in \(slowestHeal) ms of virtual time; "
                + "worst \(worstHeal) % of its bound, \(overdue) above it")
        if partial > 0 {
            Swift.print(
                "recoveries with a connection that stays cut: \(partial), "
                    + "the slowest in \(slowestPartial) ms")
        }
        Swift.print("violations: \(violations)")
    }
}

Simulate.main()
