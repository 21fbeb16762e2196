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
                let start = processorTime(of: RUSAGE_CHILDREN)
                let catching = try hunt(mutant, seconds: seconds)
                let took = tenths(processorTime(of: RUSAGE_CHILDREN) - start)
                guard let catching else {
                    survived += 1
                    say("\(mutant.rawValue): SURVIVED after \(took)")
                    continue
                }
                say("\(mutant.rawValue): \(catching), \(took)")
                guard catching.passesWithoutMutant else {
                    say("the same trial fails without a mutant")
                    throw ExitCode(1)
                }
            }
            say("\(tenths(processorTime(of: RUSAGE_CHILDREN))) of one core for the mutants")
            say("survived: \(survived)")
            if survived > 0 { throw ExitCode(1) }
        }

        /// Without a mutant nothing is found.
        private static func isSound() -> Bool {
            for trial in Trial.baseline {
                for seed in 1...trial.seeds {
                    guard let first = trial.run(seed).first else { continue }
                    say("without a mutant, \(trial.name) seed \(seed): \(first)")
                    return false
                }
            }
            say(
                "without a mutant: nothing found in \(tenths(processorTime(of: RUSAGE_SELF)))")
            return true
        }

        // MARK: The hunt

        /// How a mutant was found.
        private struct Catch: CustomStringConvertible {
            let trial: String
            let seed: UInt64
            let rule: String

            var description: String { "caught by \(trial) seed \(seed): \(rule)" }

            /// The very same trial and seed in this process, which has no mutant.
            var passesWithoutMutant: Bool {
                Trial.named(trial).map { $0.run(seed).isEmpty } ?? false
            }
        }

        /// Starts this program again with one mutant on; what it says that found it.
        private static func hunt(_ mutant: Mutant, seconds: Int) throws -> Catch? {
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
            ).split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
            let complaints = String(
                decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            guard let last = lines.last, last.count >= 2, let seed = UInt64(last[1]) else {
                return nil
            }
            if process.terminationReason == .uncaughtSignal {
                return Catch(trial: last[0], seed: seed, rule: assertion(in: complaints))
            }
            guard process.terminationStatus == 0, last.count >= 3 else { return nil }
            return Catch(trial: last[0], seed: seed, rule: last[2])
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
            for trial in Trial.all(for: mutant) {
                for seed in 1...trial.seeds {
                    // Said before the run: a trap leaves no other trace.
                    say("\(trial.name)|\(seed)")
                    if let violation = trial.run(seed).first {
                        say("\(trial.name)|\(seed)|\(violation.rule)")
                        return
                    }
                    guard processorTime(of: RUSAGE_SELF) < Int64(seconds) * 1_000_000 else {
                        throw ExitCode(3)
                    }
                }
            }
            throw ExitCode(3)
        }

        // MARK: Saying

        private static func say(_ line: String) {
            FileHandle.standardOutput.write(Data((line + "\n").utf8))
        }

        /// In microseconds, so that a busy machine changes little.
        private static func processorTime(of who: __rusage_who) -> Int64 {
            var usage = rusage()
            // Safe because the call fills the structure that is ours.
            _ = unsafe getrusage(__rusage_who_t(who.rawValue), &usage)
            func microseconds(_ time: timeval) -> Int64 {
                Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_usec)
            }
            return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
        }

        private static func tenths(_ microseconds: Int64) -> String {
            let tenths = microseconds / 100_000
            return "\(tenths / 10).\(tenths % 10) s"
        }
    }
#else
    /// Mutants are compiled into debug builds only.
    enum MutantsReport {
        static func run(_ name: String, seconds: Int) throws {
            print(
                "There are no mutants in a release build; use "
                    + "`swift run -c debug -Xswiftc -O simulate --mutants all`.")
            throw ExitCode(2)
        }

        static func look(for name: String, seconds: Int) throws {
            try run(name, seconds: seconds)
        }
    }
#endif
