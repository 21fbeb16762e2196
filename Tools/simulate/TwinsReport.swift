import ArgumentParser
import Simulator

/// The Twins campaigns: `--twins exhaustive`, `--twins all:VIEWS` (all partitions over other
/// than two views) or `--twins N`.
enum TwinsReport {
    static func run(_ argument: String, from first: UInt64) throws {
        let clock = ContinuousClock()
        let start = clock.now
        var totals = TwinTotals()
        let words = argument.split(separator: ":")
        if argument == "exhaustive" {
            totals = exhaust(TwinCampaign.cases)
        } else if words.count == 2, words[0] == "all", let views = Int(words[1]), views > 0 {
            totals = exhaust(TwinCampaign.cases(width: .all, views: views))
        } else if let count = UInt64(argument), count > 0 {
            totals = TwinCampaign.sample(seeds: first..<first + count)
        } else {
            throw ValidationError("--twins is `exhaustive` or a number of seeds")
        }
        for (scenario, violation) in totals.violations { print("\(scenario): \(violation)") }
        let milliseconds = max(1, milliseconds(clock.now - start))
        print(
            "scenarios: \(totals.scenarios), \(totals.scenarios * 1_000 / milliseconds) per second")
        print("phases: \(totals.phases), inputs: \(totals.inputs)")
        print("violations: \(totals.violations.count)")
        if !totals.violations.isEmpty { throw ExitCode(1) }
    }

    private static func exhaust(_ cases: [TwinCampaign.Case]) -> TwinTotals {
        var totals = TwinTotals()
        for which in cases {
            let part = TwinCampaign.exhaust(which)
            totals.add(part)
            print("\(which): \(part.scenarios) scenarios, \(part.states) states")
        }
        return totals
    }

    private static func milliseconds(_ duration: Duration) -> UInt64 {
        UInt64(duration.components.seconds) * 1_000
            + UInt64(duration.components.attoseconds / 1_000_000_000_000_000)
    }
}
