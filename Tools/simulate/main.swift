import ArgumentParser
import Simulator

/// Runs seeds of the simulator until they are done or one breaks a rule.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run whole networks in virtual time and check that they agree.")

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 1_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "How many validators; drawn by each seed unless given.")
    var validators: Int?

    @Flag(help: "Print the last events of each seed that fails.")
    var trace = false

    @Option(help: "How many lines of a trace.")
    var lines: Int = 200

    func validate() throws {
        if let validators, !(1...100).contains(validators) {
            throw ValidationError("--validators is from 1 to 100")
        }
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        var views: UInt64 = 0
        var events = 0
        var crashes = 0
        var slowestHeal: UInt64 = 0
        var violations = 0
        for seed in from..<from + seeds {
            var world = World(seed: seed, validators: validators)
            let outcome = world.run()
            views += outcome.views
            events += outcome.events
            crashes += outcome.crashes
            slowestHeal = max(slowestHeal, outcome.healMilliseconds)
            for violation in outcome.violations {
                violations += 1
                print("seed \(seed): \(violation)")
            }
            if !outcome.violations.isEmpty, trace { printTrace(of: seed) }
        }
        let elapsed = clock.now - start
        let milliseconds = max(
            1,
            elapsed.components.seconds * 1_000
                + elapsed.components.attoseconds / 1_000_000_000_000_000)
        print("seeds: \(seeds), \(seeds * 60_000 / UInt64(milliseconds)) per minute")
        print("views: \(views)")
        print("events: \(events), crashes: \(crashes)")
        print("slowest recovery: \(slowestHeal) ms of virtual time")
        print("violations: \(violations)")
        if violations > 0 { throw ExitCode(1) }
    }

    private func printTrace(of seed: UInt64) {
        var world = World(seed: seed, validators: validators, keepsTrace: true)
        let outcome = world.run()
        for line in outcome.trace.lines.suffix(lines) { print(line) }
    }
}

Simulate.main()
