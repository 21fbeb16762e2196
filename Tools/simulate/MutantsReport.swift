import ArgumentParser
import Simulator

#if MUTANTS
    import Chain
    import Foundation

    /// The mutation check: each deliberate bug in a process of its own, which may well trap.
    enum MutantsReport {
        /// All mutants, or one.
        static func run(_ name: String, seconds: Int) throws {
            let chosen = Mutant.allCases.filter { name == "all" || $0.rawValue == name }
            guard !chosen.isEmpty else { throw ValidationError("there is no mutant \(name)") }
            guard name != "all" || isSound() else { throw ExitCode(1) }
            var survived = 0
            for mutant in chosen {
                let start = ContinuousClock.now
                let verdict = try hunt(mutant, seconds: seconds)
                let elapsed = start.duration(to: .now)
                let tenths =
                    elapsed.components.seconds * 10
                    + elapsed.components.attoseconds / 100_000_000_000_000_000
                if let verdict {
                    print(
                        "\(mutant.rawValue): caught by \(verdict) after "
                            + "\(tenths / 10).\(tenths % 10) s")
                } else {
                    survived += 1
                    print("\(mutant.rawValue): SURVIVED")
                }
            }
            print("survived: \(survived)")
            if survived > 0 { throw ExitCode(1) }
        }

        /// Without a mutant nothing is found.
        private static func isSound() -> Bool {
            for trial in Trial.baseline {
                for seed in 1...trial.seeds {
                    let violations = trial.run(seed)
                    guard let first = violations.first else { continue }
                    print("without a mutant, \(trial.name) seed \(seed): \(first)")
                    return false
                }
            }
            print("without a mutant: nothing found")
            return true
        }

        /// Starts this program again with one mutant on; what it says that found it.
        private static func hunt(_ mutant: Mutant, seconds: Int) throws -> String? {
            let process = Process()
            process.executableURL = Bundle.main.executableURL
            process.arguments = ["--mutant", mutant.rawValue, "--mutant-seconds", "\(seconds)"]
            let output = Pipe()
            let errors = Pipe()
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            let lines = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self
            ).split(separator: "\n")
            let complaints = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            let last = lines.last.map(String.init) ?? ""
            if process.terminationReason == .uncaughtSignal {
                return "\(assertion(in: complaints)) at \(last)"
            }
            guard process.terminationStatus == 0 else { return nil }
            return last
        }

        /// The invariant that stopped the process, where the build keeps its text.
        private static func assertion(in complaints: String) -> String {
            for line in complaints.split(separator: "\n") {
                guard let mark = line.range(of: "failed: ") else { continue }
                return "assertion \(line[mark.upperBound...])"
            }
            return "an assertion"
        }

        /// The process with one mutant: goes through the trials until something is found.
        static func look(for name: String, seconds: Int) throws {
            guard let mutant = Mutant(rawValue: name) else {
                throw ValidationError("there is no mutant \(name)")
            }
            Mutant.active = mutant
            let start = ContinuousClock.now
            for trial in Trial.all {
                for seed in 1...trial.seeds {
                    // Said before the run: a trap leaves no other trace.
                    say("\(trial.name) seed \(seed)")
                    if let violation = trial.run(seed).first {
                        say("\(violation.rule) at \(trial.name) seed \(seed)")
                        return
                    }
                    guard start.duration(to: .now) < .seconds(seconds) else {
                        throw ExitCode(3)
                    }
                }
            }
            throw ExitCode(3)
        }

        private static func say(_ line: String) {
            FileHandle.standardOutput.write(Data((line + "\n").utf8))
        }
    }
#else
    /// Mutants are compiled into debug builds only.
    enum MutantsReport {
        static func run(_ name: String, seconds: Int) throws {
            print(
                "There are no mutants in a release build; use "
                    + "`swift run -c debug -Xswiftc -O simulate --mutants`.")
            throw ExitCode(2)
        }

        static func look(for name: String, seconds: Int) throws {
            try run(name, seconds: seconds)
        }
    }
#endif
