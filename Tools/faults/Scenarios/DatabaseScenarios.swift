import Foundation

/// Bits of the database that change on the disk.
enum DatabaseScenarios {
    static let all = [
        Scenario(
            "flipped-database-bit", "a bit of the database is flipped: refuses or repairs",
            body: flippedBit),
        Scenario(
            "old-database", "the database lost its last blocks, over an epoch's end",
            body: oldDatabase),
    ]

    /// A signer has forgotten what it signed in epochs that are over, and so refuses them: a node
    /// that comes to one again must not vote there.
    private static let tolerated = ["the node stopped", "The signer refused a vote"]

    private enum Answer: String, CaseIterable {
        case refused, ended, repaired
    }

    private static func flippedBit(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        let node = network.node(4)
        let transfers = Transfers(network)
        try await transfers.flow {
            // Each start writes the rows of the write-ahead log into tables.
            for _ in 0..<3 {
                try await network.rise(by: 3)
                try await node.stop()
                try node.start()
            }
            try await network.rise(by: 6)
        }
        try await node.stop()
        let good = node.home + "/good-db"
        let files = FileManager.default
        try files.copyItem(atPath: node.database, toPath: good)
        // Vote log and signer's record are as they became: only the database is set back.
        var counts: [Answer: Int] = [:]
        for _ in 0..<12 {
            try files.removeItem(atPath: node.database)
            try files.copyItem(atPath: good, toPath: node.database)
            let damaged = try damage(node, trial)
            let answer = try await answer(of: node, in: network, damaged)
            counts[answer, default: 0] += 1
        }
        // With the database gone, the node asks the others for everything.
        try files.removeItem(atPath: node.database)
        try node.start()
        let health = try await network.checkHealth(tolerated: tolerated)
        let there = try await transfers.check(on: network.nodes)
        let words = Answer.allCases.map { "\($0.rawValue) \(counts[$0, default: 0])" }
        return "12 flips: \(words.joined(separator: ", ")); fetched anew; \(there); \(health)"
    }

    /// - Returns: which bit it flipped.
    private static func damage(_ node: TestNode, _ trial: Trial) throws -> String {
        let all = try FileManager.default.contentsOfDirectory(atPath: node.database).sorted()
        let data = all.filter { file in
            let isData = file.hasSuffix(".sst") || file.hasSuffix(".log")
            let isMeta = file.hasPrefix("MANIFEST") || file == "CURRENT"
            return (isData || isMeta) && size(of: "\(node.database)/\(file)") > 0
        }
        let name = data[trial.random.below(data.count)]
        let path = "\(node.database)/\(name)"
        guard let content = FileManager.default.contents(atPath: path) else {
            throw Failure("\(path) cannot be read")
        }
        var bytes = Array(content)
        let place = trial.random.below(bytes.count)
        let bit = trial.random.below(8)
        bytes[place] ^= 1 << UInt8(bit)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return "bit \(bit) of byte \(place) of \(bytes.count) in \(name)"
    }

    private static func size(of path: String) -> Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        return (facts?[.size] as? Int) ?? 0
    }

    /// Starts the node; what it then shows must be what the others show.
    private static func answer(
        of node: TestNode, in network: TestNetwork, _ damaged: String
    ) async throws -> Answer {
        let before = try node.logSize()
        try node.start()
        let height = try await network.height(of: network.others(than: node))
        try require(height > 0, "the others have no block")
        let watch = Stopwatch()
        while node.isRunning, await node.api.status()?.height ?? 0 < height {
            try require(watch.seconds < 60, "\(damaged): \(node.name) neither ends nor follows")
            try await pause(milliseconds: 20)
        }
        if node.isRunning {
            try await compare(node, with: network.node(1), through: height, damaged)
        }
        guard let ending = node.ending else {
            try await node.stop()
            return .repaired
        }
        _ = try await node.ending(within: 0)
        let said = try node.log(after: before)
        try require(
            ending == .exited(74) && (said.contains("corrupt") || said.contains("storage failure")),
            "\(damaged): \(node.name) \(ending): \(said)")
        return said.contains("storage failure") ? .ended : .refused
    }

    /// The node may end at a bad read; it must not show what was never written.
    private static func compare(
        _ node: TestNode, with other: TestNode, through height: UInt64, _ damaged: String
    ) async throws {
        for height in 1...height {
            let expected = try await other.answer("what is in block \(height)") {
                await $0.contents(of: height)
            }
            guard let found = try await contents(of: height, on: node, damaged) else { return }
            try require(
                found == expected, "\(damaged): \(node.name) shows \(found) instead of \(expected)")
        }
    }

    /// - Returns: nil if the node ended instead of showing the block.
    private static func contents(
        of height: UInt64, on node: TestNode, _ damaged: String
    ) async throws -> NodeAPI.Contents? {
        let watch = Stopwatch()
        while watch.seconds < 30 {
            if let contents = await node.api.contents(of: height) { return contents }
            guard node.isRunning else { return nil }
            try await pause(milliseconds: 25)
        }
        throw Failure("\(damaged): \(node.name) neither ends nor shows block \(height)")
    }

    /// Log and signer's record know votes of an epoch that the database has not come to.
    private static func oldDatabase(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        let node = network.node(4)
        let files = FileManager.default
        var lost: [UInt64] = []
        for _ in 0..<3 {
            try await network.rise(by: 3 + UInt64(trial.random.below(8)))
            try await node.stop(by: SIGKILL)
            let old = node.home + "/old-db"
            try files.copyItem(atPath: node.database, toPath: old)
            try node.start()
            let before = try await network.height()
            // An epoch has 16 blocks.
            try await network.rise(by: 12 + UInt64(trial.random.below(12)))
            try await node.stop(by: SIGKILL)
            lost.append(try await network.height(of: network.others(than: node)) - before)
            try files.removeItem(atPath: node.database)
            try files.moveItem(atPath: old, toPath: node.database)
            try node.start()
            try await network.awaitBlock(of: node)
        }
        return "\(lost) blocks lost; " + (try await network.checkHealth(tolerated: tolerated))
    }
}
