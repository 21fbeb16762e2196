import ArgumentParser
import Glibc
import Simulator

/// The Twins campaigns: `--twins exhaustive`, `--twins all:VIEWS` (all partitions over other
/// than two views) or `--twins N`.
struct TwinsReport {
    private static let clock = ContinuousClock()
    private let start = TwinsReport.clock.now
    private var spoke = TwinsReport.clock.now
    private var totals = TwinTotals()

    static func run(_ argument: String, from first: UInt64) throws {
        var report = TwinsReport()
        let words = argument.split(separator: ":")
        if argument == "exhaustive" {
            report.exhaust(TwinCampaign.cases)
        } else if words.count == 2, words[0] == "all", let views = Int(words[1]), views > 0 {
            report.exhaust(TwinCampaign.cases(width: .all, views: views))
        } else if let count = UInt64(argument), count > 0 {
            report.sample(first..<first + count)
        } else {
            throw ValidationError("--twins is `exhaustive`, `all:VIEWS` or a number of seeds")
        }
        report.conclude()
        if !report.totals.violations.isEmpty { throw ExitCode(1) }
    }

    private mutating func exhaust(_ cases: [TwinCampaign.Case]) {
        for which in cases {
            var spoke = self.spoke
            let before = totals.scenarios
            let part = TwinCampaign.exhaust(which) { part in
                TwinsReport.say(part, of: which, after: before, since: &spoke)
            }
            self.spoke = spoke
            add(part)
            print(
                "\(which): \(part.scenarios) scenarios, \(part.states) states, "
                    + "\(part.phases) phases, \(Self.seconds(start)) s")
            fflush(nil)
        }
    }

    private mutating func sample(_ seeds: Range<UInt64>) {
        var next = seeds.lowerBound
        while next < seeds.upperBound {
            let end = min(next + 100, seeds.upperBound)
            add(TwinCampaign.sample(seeds: next..<end))
            next = end
            guard TwinsReport.clock.now - spoke > .seconds(20) else { continue }
            spoke = TwinsReport.clock.now
            print("\(totals.scenarios) scenarios, \(totals.violations.count) violations")
            fflush(nil)
        }
    }

    /// Violations are said at once: they must not be lost with a process that is killed.
    private mutating func add(_ part: TwinTotals) {
        totals.add(part)
        guard !part.violations.isEmpty else { return }
        for (scenario, violation) in part.violations { print("\(scenario): \(violation)") }
        fflush(nil)
    }

    private static func say(
        _ part: TwinTotals, of which: TwinCampaign.Case, after before: UInt64,
        since spoke: inout ContinuousClock.Instant
    ) {
        guard clock.now - spoke > .seconds(20) else { return }
        spoke = clock.now
        print(
            "  \(which): \(part.scenarios) so far, \(before + part.scenarios) in all, "
                + "\(part.violations.count) violations")
        fflush(nil)
    }

    private func conclude() {
        let seconds = Self.seconds(start)
        print("scenarios: \(totals.scenarios), \(totals.scenarios / max(1, seconds)) per second")
        print("phases: \(totals.phases), inputs: \(totals.inputs)")
        print("violations: \(totals.violations.count)")
    }

    private static func seconds(_ start: ContinuousClock.Instant) -> UInt64 {
        UInt64((clock.now - start).components.seconds)
    }
}
