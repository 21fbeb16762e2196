import ArgumentParser
import Foundation
import GenesisTool
import KeyTool

/// Measures what this machine can do with the chain, and prints a table.
///
/// First the parts by themselves, on one core in this process; then four validators, each an
/// `althing node start` of its own over loopback, with real keys, sockets and disks. Everything it
/// starts is stopped, and its folder removed, also after an error or an interrupt.
@main
struct Benchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark",
        abstract:
            "Measure the chain on this machine: its parts, and four validators over loopback.",
        discussion: """
            Build both programs in release first:
              swift build -c release --product althing
              swift build -c release --product benchmark
              .build/release/benchmark --quick

            Times are of this program's clock. A transfer counts once its block is final and the
            balances of all recipients say that none failed.
            """)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case core, stake, governance, latency, throughput, restart
    }

    @Flag(help: "Less of everything: done in under a minute.")
    var quick = false

    @Option(name: .shortAndLong, help: "table or json.")
    var output: OutputFormat = .table

    @Option(help: "The program to measure; the one beside this one if not given.")
    var althing: String?

    @Option(help: "Milliseconds between blocks while throughput is measured.")
    var blockInterval: UInt64 = 100

    @Option(help: "Transfers that may wait for finality at once while throughput is measured.")
    var window = 6_000

    @Option(help: "Transfers in one request.")
    var batch = 250

    @Option(help: "Only these parts: core, stake, governance, latency, throughput, restart.")
    var only: [Part] = []

    func validate() throws {
        guard (1...2_000).contains(batch) else {
            throw ValidationError("--batch is 1 to 2,000: a request has at most 1 MiB")
        }
        guard (batch...16_000).contains(window) else {
            throw ValidationError("--window is at least --batch and at most 16,000")
        }
        guard blockInterval <= 10_000 else {
            throw ValidationError("--block-interval is at most 10,000 ms")
        }
    }

    func run() async throws {
        let signals = Cleanup.shared.catchSignals()
        defer { signals.forEach { $0.cancel() } }
        var report = Report(isQuick: quick)
        do {
            try await measure(into: &report)
        } catch {
            Cleanup.shared.run()
            // What was measured before the failure is worth seeing.
            report.print(as: output)
            throw error
        }
        Cleanup.shared.run()
        report.print(as: output)
    }

    private func measure(into report: inout Report) async throws {
        let parts = only.isEmpty ? Part.allCases : only
        if parts.contains(.core) {
            CoreFigures.measure(isQuick: quick, into: &report)
        }
        if parts.contains(.stake) {
            StakeFigures.measure(isQuick: quick, into: &report)
        }
        if parts.contains(.governance) {
            GovernanceFigures.measure(isQuick: quick, into: &report)
        }
        let own: [Part] = [.core, .stake, .governance]
        guard parts.contains(where: { !own.contains($0) }) else { return }
        let program = try program()
        if parts.contains(.latency) {
            try await LatencyFigures(program: program, seconds: quick ? 6 : 30)
                .measure(into: &report)
        }
        if parts.contains(.throughput) {
            let figures = ThroughputFigures(
                program: program, blockInterval: blockInterval, window: window, batch: batch,
                transfers: quick ? 40_000 : 200_000, secondsMax: quick ? 10 : 60,
                catchUpTransfers: quick ? 12_000 : 50_000, catchUpSecondsMax: quick ? 8 : 60,
                showsRestart: quick)
            try await figures.measure(into: &report)
        }
        if parts.contains(.restart), !quick || only.contains(.restart) {
            try await RestartFigures(program: program, blocks: quick ? 1_000 : 10_000)
                .measure(into: &report)
        }
    }

    private func program() throws -> String {
        let own = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
        let path = althing ?? own.deletingLastPathComponent().path + "/althing"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw CommandError(
                "benchmark.no_althing", "there is no program \(path)",
                hint: "swift build -c release --product althing, or name one with --althing",
                exit: .notFound)
        }
        return path
    }
}
