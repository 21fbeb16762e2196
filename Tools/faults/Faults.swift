import ArgumentParser
import Foundation

/// Runs real validators on loopback under faults.
///
/// The program first starts itself once more, in namespaces of its own where the system permits it
/// (`Guardian`): mounts, links and processes are then nobody else's, and end with it.
@main
struct Faults: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults",
        abstract: "Run real validators under crashes, full disks, damaged files and partitions.",
        discussion: """
            Run it from the repository's root, after:
              swift build -c release --product althing
              swift build -c release --product faults
              .build/release/faults kill-minus-nine --kills 20

            Each scenario says `passed`, `failed` or `skipped`; the exit code is 1 if one failed.
            A failed scenario leaves the logs of its validators.

            Scenarios:
            \(Scenario.all.map { "  " + $0.line }.joined(separator: "\n"))
            """)

    @Argument(help: "The scenarios to run; all if none is named.")
    var names: [String] = []

    @Option(help: "How often kill-minus-nine kills.")
    var kills = 200

    @Option(help: "The seed of all that is random; drawn and printed if not given.")
    var seed: UInt64?

    @Option(help: "How many scenarios run at once; each waits more than it works.")
    var jobs = 1

    @Option(help: "The program to test; $ALTHING, or the one beside this one, if not given.")
    var althing: String?

    @Option(help: "The script that makes networks.")
    var localnet = "Tools/localnet"

    func validate() throws {
        for name in names where !Scenario.all.contains(where: { $0.name == name }) {
            throw ValidationError(
                "there is no scenario \(name); there are "
                    + Scenario.all.map(\.name).joined(separator: ", "))
        }
        guard kills > 0 else { throw ValidationError("--kills is at least 1") }
        guard (1...8).contains(jobs) else { throw ValidationError("--jobs is 1 to 8") }
        for file in [program, localnet] where !FileManager.default.isExecutableFile(atPath: file) {
            throw ValidationError("there is no program \(file)")
        }
    }

    private var program: String {
        althing ?? ProcessInfo.processInfo.environment["ALTHING"]
            ?? URL(fileURLWithPath: Guardian.ownProgram).deletingLastPathComponent().path
            + "/althing"
    }

    /// A line at once, also into a file.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    func run() async throws {
        guard let isolation = Isolation.inherited else {
            throw ExitCode(try await Guardian.run())
        }
        let signals = Cleanup.shared.catchSignals()
        defer { signals.forEach { $0.cancel() } }
        let seed = seed ?? UInt64.random(in: 1...999_999)
        Faults.say("seed \(seed)")
        let watch = Stopwatch()
        let setups = Scenario.all.enumerated().filter {
            names.isEmpty || names.contains($0.element.name)
        }.map { number, scenario in
            Setup(
                scenario: scenario, number: number, program: program, localnet: localnet,
                kills: kills, seed: seed, isolation: isolation)
        }
        let kinds = await run(setups)
        Cleanup.shared.run()
        let counts = Outcome.Kind.allCases.map { kind in
            "\(kinds.count { $0 == kind }) \(kind.rawValue)"
        }
        Faults.say(
            "faults: \(counts.joined(separator: ", ")); seed \(seed), \(watch.seconds) s")
        if kinds.contains(.failed) { throw ExitCode(1) }
    }

    /// Runs `jobs` of them at any time, and says what became of each as soon as it is known.
    private func run(_ setups: [Setup]) async -> [Outcome.Kind] {
        await withTaskGroup(of: Outcome.Kind.self) { group in
            var kinds: [Outcome.Kind] = []
            for (started, setup) in setups.enumerated() {
                if started >= jobs, let kind = await group.next() { kinds.append(kind) }
                group.addTask {
                    let outcome = await setup.scenario.outcome(Trial(setup))
                    Faults.say("\(setup.scenario.name): \(outcome)")
                    return outcome.kind
                }
            }
            for await kind in group { kinds.append(kind) }
            return kinds
        }
    }
}
