import Foundation

/// A program that is run to its end.
enum Command {
    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// - Note: each output has at most 64 KiB, what a pipe holds.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let status = try await wait(for: process) { Cleanup.shared.add(process: $0) }
        Cleanup.shared.remove(process: process.processIdentifier)
        return Result(
            status: status, output: text(of: output), errors: text(of: errors))
    }

    /// Starts it and waits for its end.
    ///
    /// - Returns: its exit code; 128 and the signal if one ended it.
    static func wait(
        for process: Process, started: @Sendable (Int32) -> Void
    ) async throws -> Int32 {
        let (ends, end) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        started(process.processIdentifier)
        // Also a cancelled task waits here: the process is not to outlive the call.
        while process.isRunning {
            for await _ in ends {}
            if process.isRunning { usleep(1_000) }
        }
        let isSignal = process.terminationReason == .uncaughtSignal
        return process.terminationStatus + (isSignal ? 128 : 0)
    }

    private static func text(of pipe: Pipe) -> String {
        String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}

/// A program of the system that a scenario needs.
enum Tool: String, CaseIterable {
    case ip, mount, umount, nsenter, unshare

    /// Where it is; nil if it is nowhere.
    var path: String? {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(rawValue)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    func run(_ arguments: String...) async throws {
        guard let path else { throw Skip("this system has no \(rawValue)") }
        let result = try await Command.run(path, arguments)
        guard result.status == 0 else {
            throw Failure("\(rawValue) \(arguments.joined(separator: " ")): \(result.errors)")
        }
    }
}
