import Foundation

/// Whether the scenarios have mounts, links and processes of their own.
struct Isolation: Sendable {
    /// Why they do not; nil if they do.
    let missing: String?

    private static let variable = "ALTHING_FAULTS_ISOLATION"
    private static let granted = "granted"
    /// Everything that the namespaces hold ends when the first process in them ends.
    static let flags = ["--mount", "--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
    /// A new network namespace has loopback, but switched off; Foundation too needs it.
    private static let prologue = ["/bin/sh", "-c", "\"$0\" link set lo up && exec \"$@\""]

    /// What starts a program in namespaces of its own; empty where the system has none.
    static var launcher: [String] {
        guard let unshare = Tool.unshare.path, let ip = Tool.ip.path else { return [] }
        return [unshare] + flags + prologue + [ip]
    }

    /// What the guardian found out; nil in the guardian itself.
    static var inherited: Isolation? {
        ProcessInfo.processInfo.environment[variable].map {
            Isolation(missing: $0 == granted ? nil : $0)
        }
    }

    var environment: [String: String] { [Isolation.variable: missing ?? Isolation.granted] }

    /// Tries what `flags` ask for.
    static func probe() async -> Isolation {
        for tool in Tool.allCases where tool.path == nil {
            return Isolation(missing: "this system has no program `\(tool)`")
        }
        let launcher = launcher
        let result = try? await Command.run(
            launcher[0], launcher.dropFirst() + ["/bin/true"])
        guard result?.status == 0 else {
            return Isolation(missing: "this system permits no namespaces here")
        }
        return Isolation(missing: nil)
    }

    /// - Throws: `Skip` without namespaces.
    func require() throws {
        if let missing { throw Skip(missing) }
    }
}

/// The first process: makes the folder, starts the program again in namespaces, and cleans up
/// whatever happens to that one.
enum Guardian {
    private static let variable = "ALTHING_FAULTS_FOLDER"

    static var ownProgram: String {
        Bundle.main.executablePath ?? CommandLine.arguments[0]
    }

    /// Where all networks of this run are.
    static var folder: String {
        guard let folder = ProcessInfo.processInfo.environment[variable] else {
            preconditionFailure("the guardian names the folder")
        }
        return folder
    }

    /// - Returns: the exit code of the program that it watched.
    static func run() async throws -> Int32 {
        let folder = NSTemporaryDirectory() + "althing-faults-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        Cleanup.shared.add(folder: folder)
        let isolation = await Isolation.probe()
        let process = Process()
        let own = CommandLine.arguments.dropFirst()
        let launcher = isolation.missing == nil ? Isolation.launcher : []
        let command = launcher + [ownProgram] + own
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment
            .merging(isolation.environment) { $1 }.merging([variable: folder]) { $1 }
        // `unshare` ends only at SIGKILL, and its processes with it; the program itself must
        // clean up.
        let signal = isolation.missing == nil ? SIGKILL : SIGTERM
        let signals = Cleanup.shared.catchSignals()
        defer { signals.forEach { $0.cancel() } }
        let status = try await Command.wait(for: process) {
            Cleanup.shared.add(process: $0, signal: signal)
        }
        Cleanup.shared.remove(process: process.processIdentifier)
        Cleanup.shared.run()
        return status
    }
}
