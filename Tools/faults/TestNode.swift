import Foundation

/// One validator: a home, and a process of it when it runs.
final class TestNode {
    /// How a process ended.
    enum Ending: Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let code): "ended with \(code)"
            case .signalled(let number): "was ended by signal \(number)"
            }
        }
    }

    /// From 1, as in the names of the homes.
    let number: Int
    let home: String
    private let program: String
    /// Settings of this process beside those in its home.
    var environment: [String: String] = [:]
    /// Flags of the next start only.
    var extraArguments: [String] = []
    /// What starts the program: `nsenter` with its arguments, or nothing.
    var launcher: [String] = []
    var api: NodeAPI
    private var process: Process?

    init(number: Int, home: String, program: String) throws {
        self.number = number
        self.home = home
        self.program = program
        let address = try String(contentsOfFile: home + "/api", encoding: .utf8)
        api = NodeAPI(base: address.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    var name: String { "validator\(number)" }
    var logFile: String { home + "/log" }
    var data: String { home + "/data" }
    var voteLog: String { home + "/data/log" }
    var database: String { home + "/data/db" }
    var signedVotes: String { home + "/signer/signed-votes" }

    /// What every process of this home printed, without its first bytes; what is no text in it is
    /// shown as such.
    func log(after count: Int = 0) throws -> String {
        String(decoding: try logBytes().dropFirst(count), as: UTF8.self)
    }

    func logSize() throws -> Int { try logBytes().count }

    private func logBytes() throws -> Data {
        guard let data = FileManager.default.contents(atPath: logFile) else {
            throw Failure("\(logFile) cannot be read")
        }
        return data
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// How the process that was started last ended; nil while it runs.
    var ending: Ending? {
        guard let process, !process.isRunning else { return nil }
        switch process.terminationReason {
        case .exit: return .exited(process.terminationStatus)
        case .uncaughtSignal: return .signalled(process.terminationStatus)
        @unknown default: return .signalled(process.terminationStatus)
        }
    }

    func start() throws {
        precondition(!isRunning, "\(name) runs already")
        if !FileManager.default.fileExists(atPath: logFile) {
            guard FileManager.default.createFile(atPath: logFile, contents: nil) else {
                throw Failure("\(logFile) cannot be made")
            }
        }
        guard let output = FileHandle(forWritingAtPath: logFile) else {
            throw Failure("\(logFile) cannot be written")
        }
        try output.seekToEnd()
        let command = launcher + [program, "node", "start", "--home", home]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments =
            command.dropFirst() + ["--log-format", "text"] + extraArguments
        extraArguments = []
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.close()
        Cleanup.shared.add(process: process.processIdentifier)
        self.process = process
    }

    func signal(_ number: Int32) {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, number)
    }

    /// Ends the process; returns when it is gone. Nothing happens if none runs.
    func stop(by number: Int32 = SIGTERM) async throws {
        signal(number)
        let watch = Stopwatch()
        while isRunning {
            if watch.seconds >= 60 {
                signal(SIGKILL)
                throw Failure("\(name) does not end at signal \(number)")
            }
            try await pause(milliseconds: 2)
        }
        forget()
    }

    /// Waits for an end that comes by itself.
    ///
    /// - Returns: nil if the process still runs after `milliseconds`.
    func ending(within milliseconds: Int64) async throws -> Ending? {
        let watch = Stopwatch()
        while ending == nil, watch.milliseconds < milliseconds {
            try await pause(milliseconds: 5)
        }
        let ending = ending
        if ending != nil { forget() }
        return ending
    }

    /// Nobody waits for this process, and its id may become another's.
    private func forget() {
        guard let process else { return }
        Cleanup.shared.remove(process: process.processIdentifier)
        self.process = nil
    }

    /// - Throws: with the end of the log if the process ended though nobody ended it.
    func checkRunning() throws {
        guard let ending else { return }
        let end = try log().split(separator: "\n").suffix(6).joined(separator: "\n    ")
        throw Failure("\(name) \(ending), unasked:\n    \(end)\n")
    }

    // MARK: Questions

    /// What the running node says about `subject`. One that starts, or has much to do, may not
    /// answer at once, and nothing follows from that: it is asked again.
    ///
    /// - Throws: if it ended though nobody ended it, or has not answered after `seconds`.
    func answer<Value>(
        _ subject: String, within seconds: Int64 = 30, _ question: (NodeAPI) async -> Value?
    ) async throws -> Value {
        let watch = Stopwatch()
        repeat {
            try checkRunning()
            if let value = await question(api) { return value }
            try await pause(milliseconds: 25)
        } while watch.seconds < seconds
        throw Failure("\(name) does not say \(subject) within \(seconds) s")
    }

    /// The blocks from `first` to `last`, ascending.
    func blocks(from first: UInt64, through last: UInt64) async throws -> [NodeAPI.Block] {
        try await answer("its blocks \(first) to \(last)") {
            await $0.blocks(from: first, through: last)
        }
    }
}
