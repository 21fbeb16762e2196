import Foundation

/// What may happen to the log of votes on a disk.
enum LogScenarios {
    static let all = [
        Scenario("torn-log-tail", "the log ends in the middle of a record (S12)", body: tornTail),
        Scenario(
            "flipped-log-bit", "a bit of the log is flipped: a clear refusal (S12)",
            body: flippedBit),
        Scenario("lost-log", "the log is gone, the signer's record is there (S14)", body: lostLog),
    ]

    private static func tornTail(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork(epochLength: 1_000)
        let node = network.node(4)
        var torn: [String] = []
        for round in 0..<4 {
            try await network.rise(by: 3)
            try await node.stop(by: SIGKILL)
            let file = try DamagedFile(lastSegment(of: node))
            let count = 1 + trial.random.below(60)
            switch round % 4 {
            case 0:
                try file.write(file.bytes.dropLast(count))
                torn.append("\(count) bytes cut")
            case 1:
                let noise = (0..<count).map { _ in UInt8(trial.random.below(256)) }
                try file.write(file.bytes.dropLast(count) + noise)
                torn.append("\(count) of noise")
            case 2:
                try file.write(file.bytes + [UInt8](repeating: 0, count: 4_096))
                torn.append("a page of zeros behind")
            default:
                let half = file.bytes.suffix(200).prefix(count)
                try file.write(file.bytes + half)
                torn.append("\(count) old bytes behind")
            }
            try node.start()
            try await network.awaitBlock(of: node)
        }
        let health = try await network.checkHealth()
        return "started after \(torn.joined(separator: ", ")); \(health)"
    }

    private static func flippedBit(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork(epochLength: 1_000)
        try await network.rise(by: 10)
        let node = network.node(4)
        try await node.stop()
        let path = try lastSegment(of: node)
        let file = try DamagedFile(path)
        for _ in 0..<4 {
            let place = trial.random.below(file.bytes.count / 2)
            try file.write(flipping: place, bit: trial.random.below(8))
            try await requireRefusal(of: node, code: 74, naming: [path, "hint:"])
        }
        // What the hint says: the log goes, the signer's record stays.
        try FileManager.default.moveItem(
            atPath: (path as NSString).deletingLastPathComponent, toPath: node.home + "/bad-log")
        try node.start()
        try await network.awaitBlock(of: node)
        let health = try await network.checkHealth()
        return "refused 4 times, and started without the log; \(health)"
    }

    private static func lostLog(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        for _ in 0..<3 {
            try await network.rise(by: 2 + UInt64(trial.random.below(4)))
            let node = network.nodes[trial.random.below(4)]
            try await node.stop(by: SIGKILL)
            try FileManager.default.removeItem(atPath: node.voteLog)
            try node.start()
            try await network.awaitBlock(of: node)
        }
        return "3 logs lost; " + (try await network.checkHealth())
    }

    /// The file that the node wrote to last.
    private static func lastSegment(of node: TestNode) throws -> String {
        let files = try FileManager.default.subpathsOfDirectory(atPath: node.voteLog)
            .filter { $0.hasSuffix(".log") }.sorted()
        guard let last = files.last else { throw Failure("\(node.voteLog) has no log") }
        return "\(node.voteLog)/\(last)"
    }
}

/// A file as it was, and ways to write it otherwise.
struct DamagedFile {
    let path: String
    let bytes: [UInt8]

    init(_ path: String) throws {
        self.path = path
        guard let data = FileManager.default.contents(atPath: path), data.count > 300 else {
            throw Failure("\(path) is too small to be damaged")
        }
        bytes = Array(data)
    }

    func write(_ bytes: some Sequence<UInt8>) throws {
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw Failure("\(path) cannot be written")
        }
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func write(flipping place: Int, bit: Int) throws {
        var bytes = bytes
        bytes[place] ^= 1 << UInt8(bit)
        try write(bytes)
    }
}

/// Starts a node that must not start.
///
/// - Parameter naming: what its last words must contain.
func requireRefusal(
    of node: TestNode, code: Int32, naming texts: [String], within milliseconds: Int64 = 60_000
) async throws {
    let before = try node.logSize()
    try node.start()
    guard let ending = try await node.ending(within: milliseconds) else {
        throw Failure("\(node.name) runs, though it should have refused")
    }
    let said = try node.log(after: before)
    try require(
        ending == .exited(code), "\(node.name) \(ending) instead of ending with \(code): \(said)")
    for text in texts {
        try require(said.contains(text), "\(node.name) does not say `\(text)`: \(said)")
    }
}
