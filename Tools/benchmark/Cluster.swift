import Chain
import Cryptography
import Foundation
import GenesisTool
import KeyTool
import Node

/// Four validators, each a process of its own with a home of its own in one temporary folder.
final class Cluster {
    static let validatorCount = 4

    let genesis: Genesis
    let accounts: Accounts
    let client: HTTPClient
    private let program: String
    private let folder: String
    private let homes: [NodeHome]
    /// The bases of the APIs.
    let addresses: [String]
    private var processes: [Process?]

    /// Makes the homes; nothing runs yet.
    ///
    /// - Parameters:
    ///   - program: the path of `althing`.
    ///   - idleInterval: milliseconds between blocks while there is nothing to put in them.
    init(
        program: String, blockInterval: UInt64, idleInterval: UInt64,
        accounts: Accounts = Accounts(count: 1_000), connectionsPerNode: Int = 4
    ) throws {
        let count = Cluster.validatorCount
        let ports = try FreePorts.take(2 * count)
        let peerPorts = Array(ports[..<count])
        self.program = program
        self.accounts = accounts
        genesis = Members(ports: peerPorts)
            .genesis(
                accounts: accounts, blockInterval: blockInterval, idleInterval: idleInterval)
        client = HTTPClient(connectionsPerNode: connectionsPerNode)
        addresses = ports[count...].map { "http://127.0.0.1:\($0)" }
        processes = [Process?](repeating: nil, count: count)
        let folder = NSTemporaryDirectory() + "althing-benchmark-\(UUID().uuidString)"
        self.folder = folder
        homes = (0..<count).map { NodeHome("\(folder)/validator\($0 + 1)") }
        Cleanup.shared.add(folder: folder)
        for (index, home) in homes.enumerated() {
            try home.makeFolders()
            try home.writeKey(.consensus, seed: Members.consensusSeed(index))
            try home.writeKey(.network, seed: Members.networkSeed(index))
            var configuration = NodeConfiguration()
            configuration.moniker = "validator\(index + 1)"
            configuration.listen = NodeConfiguration.Endpoint(
                host: "127.0.0.1", port: peerPorts[index])
            configuration.api = NodeConfiguration.Endpoint(
                host: "127.0.0.1", port: ports[count + index])
            try configuration.toml.write(
                toFile: home.configuration, atomically: true, encoding: .utf8)
            try GenesisFile.write(genesis, to: home.genesis)
        }
    }

    var transfers: Transfers { Transfers(genesis: genesis, accounts: accounts) }

    // MARK: Processes

    func start(_ index: Int) throws {
        let home = homes[index]
        let log = home.path + "/log"
        guard
            FileManager.default.fileExists(atPath: log)
                || FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else {
            throw CommandError("file.write", "\(log) cannot be written")
        }
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["node", "start", "--home", home.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        Cleanup.shared.add(process: process.processIdentifier)
        processes[index] = process
    }

    func startAll() throws {
        for index in homes.indices {
            try start(index)
        }
    }

    /// Ends a process by its id and waits until it is gone.
    ///
    /// - Parameter signal: SIGTERM asks and, after five seconds, becomes SIGKILL.
    func stop(_ index: Int, signal: Int32 = SIGTERM) async throws {
        guard let process = processes[index] else { return }
        processes[index] = nil
        let id = process.processIdentifier
        kill(id, signal)
        let watch = Stopwatch()
        while process.isRunning {
            if watch.microseconds > 5_000_000 {
                kill(id, SIGKILL)
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        Cleanup.shared.remove(process: id)
    }

    /// Ends all processes and removes the folder.
    func remove() async throws {
        for index in homes.indices {
            try await stop(index)
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// - Throws: with the end of its log, if a process that should run does not.
    func checkRunning() throws {
        for (index, process) in processes.enumerated() {
            guard let process, !process.isRunning else { continue }
            let log = (try? String(contentsOfFile: homes[index].path + "/log", encoding: .utf8))
            let end = (log ?? "").split(separator: "\n").suffix(10).joined(separator: "\n")
            throw CommandError(
                "benchmark.node_died",
                "validator\(index + 1) ended with \(process.terminationStatus):\n\(end)")
        }
    }

    // MARK: What the system says

    /// The most memory that one of the processes has resident, in bytes.
    var residentBytesMax: Int64? {
        processes.compactMap { $0.flatMap { Cluster.residentBytes($0.processIdentifier) } }.max()
    }

    private static func residentBytes(_ process: Int32) -> Int64? {
        guard
            let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst()
                .first.flatMap({ Int64($0) })
        else { return nil }
        return kilobytes * 1_024
    }

    /// What a node's data takes on disk, in bytes, as `du` counts.
    func dataBytes(_ index: Int) -> Int64 {
        let data = homes[index].data
        var sum: Int64 = 0
        for file in FileManager.default.enumerator(atPath: data) ?? .init() {
            var status = stat()
            guard let file = file as? String, stat("\(data)/\(file)", &status) == 0 else {
                continue
            }
            sum += Int64(status.st_blocks) * 512
        }
        return sum
    }
}
