import ArgumentParser
import Simulator

/// The Twins campaigns: `--twins exhaustive` or `--twins N`.
enum TwinsReport {
    static func run(_ argument: String, from first: UInt64) throws {
        let clock = ContinuousClock()
        let start = clock.now
        var totals = TwinTotals()
        if argument == "exhaustive" {
            for which in TwinCampaign.cases {
                let part = TwinCampaign.exhaust(which)
                totals.add(part)
                print(
                    "\(which): \(part.scenarios) scenarios, \(part.states) states, "
                        + "\(part.phases) phases, \(seconds(clock.now - start)) s")
            }
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

    private static func milliseconds(_ duration: Duration) -> UInt64 {
        UInt64(duration.components.seconds) * 1_000
            + UInt64(duration.components.attoseconds / 1_000_000_000_000_000)
    }

    private static func seconds(_ duration: Duration) -> UInt64 { milliseconds(duration) / 1_000 }
}
