import Foundation

/// One kind of fault, and what must hold under it.
struct Scenario: Sendable {
    let name: String
    let summary: String
    /// Says what it saw; throws what it did not like.
    let body: @Sendable (Trial) async throws -> String

    init(
        _ name: String, _ summary: String, body: @escaping @Sendable (Trial) async throws -> String
    ) {
        self.name = name
        self.summary = summary
        self.body = body
    }

    var line: String {
        name + String(repeating: " ", count: max(1, 22 - name.count)) + summary
    }

    static let all =
        CrashScenarios.all + LogScenarios.all + DatabaseScenarios.all + SignerScenarios.all
        + ClockScenarios.all + DiskScenarios.all + PartitionScenarios.all

    /// Runs it and ends its network.
    func outcome(_ trial: Trial) async -> Outcome {
        let watch = Stopwatch()
        var outcome: Outcome
        do {
            let facts = try await body(trial)
            outcome = Outcome(kind: .passed, text: facts)
        } catch let skip as Skip {
            outcome = Outcome(kind: .skipped, text: skip.why)
        } catch let failure as Failure {
            outcome = Outcome(kind: .failed, text: failure.why)
        } catch {
            outcome = Outcome(kind: .failed, text: "\(error)")
        }
        outcome.seconds = watch.seconds
        if outcome.kind == .failed, let kept = trial.keepLogs() {
            outcome.text += "; the logs: \(kept)"
        }
        await trial.end()
        return outcome
    }
}

/// What became of a scenario.
struct Outcome: CustomStringConvertible {
    enum Kind: String, CaseIterable {
        case passed, failed, skipped
    }

    let kind: Kind
    var text: String
    var seconds: Int64 = 0

    var description: String {
        switch kind {
        case .passed: "passed (\(seconds) s): \(text)"
        case .failed: "failed: \(text) (after \(seconds) s)"
        case .skipped: "skipped: \(text)"
        }
    }
}

/// A scenario's criterion that was not met.
struct Failure: Error {
    let why: String

    init(_ why: String) {
        self.why = why
    }
}

/// Why this system cannot run a scenario.
struct Skip: Error {
    let why: String

    init(_ why: String) {
        self.why = why
    }
}

/// - Throws: `Failure` with `why` if the claim does not hold.
func require(_ claim: Bool, _ why: @autoclosure () -> String) throws {
    guard claim else { throw Failure(why()) }
}
