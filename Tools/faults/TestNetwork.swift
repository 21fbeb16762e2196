import Foundation

/// Four validators that `Tools/localnet` made, each a process of its own when it runs.
final class TestNetwork {
    static let validatorCount = 4

    let folder: String
    let program: String
    let nodes: [TestNode]

    private init(folder: String, program: String, nodes: [TestNode]) {
        self.folder = folder
        self.program = program
        self.nodes = nodes
    }

    /// Makes keys, a genesis and homes; nothing runs yet.
    static func create(
        folder: String, program: String, localnet: String, ports: Int, epochLength: Int
    ) async throws -> TestNetwork {
        let result = try await Command.run(
            localnet,
            [
                "create", "--validators", "\(validatorCount)", "--home", folder,
                "--ports", "\(ports)", "--set", "consensus.blockInterval=100ms", "--set",
                "consensus.idleInterval=200ms", "--set", "consensus.epochLength=\(epochLength)",
            ],
            environment: ["ALTHING": program])
        guard result.status == 0 else {
            throw Failure("\(localnet) ends with \(result.status): \(result.errors)")
        }
        let nodes = try (1...validatorCount).map {
            try TestNode(number: $0, home: "\(folder)/validator\($0)", program: program)
        }
        return TestNetwork(folder: folder, program: program, nodes: nodes)
    }

    func node(_ number: Int) -> TestNode { nodes[number - 1] }

    func others(than node: TestNode) -> [TestNode] {
        nodes.filter { $0.number != node.number }
    }

    func startAll() async throws {
        for node in nodes where !node.isRunning {
            try node.start()
        }
        try await reach(1)
    }

    /// Ends all processes and removes the folder.
    func remove() async {
        for node in nodes {
            try? await node.stop(by: SIGKILL)
        }
        Cleanup.remove(folder)
    }

    // MARK: Heights

    /// The height that a running node has; waits for its answer.
    func answeredHeight(of node: TestNode, within seconds: Int64 = 10) async throws -> UInt64 {
        let watch = Stopwatch()
        while watch.seconds < seconds {
            try node.checkRunning()
            if let status = await node.api.status() { return status.height }
            try await pause(milliseconds: 20)
        }
        throw Failure("\(node.name) does not say its height within \(seconds) s")
    }

    /// The highest height; waits for the answers of all.
    func answeredHeight() async throws -> UInt64 {
        var height: UInt64 = 0
        for node in nodes {
            height = max(height, try await answeredHeight(of: node))
        }
        return height
    }

    /// The highest height of those nodes that answer.
    func height(of nodes: [TestNode]) async -> UInt64 {
        var height: UInt64 = 0
        for node in nodes {
            height = max(height, await node.api.status()?.height ?? 0)
        }
        return height
    }

    /// Waits until all `nodes` have the block of this height.
    ///
    /// - Returns: how long that took, in milliseconds.
    @discardableResult
    func reach(
        _ height: UInt64, on nodes: [TestNode]? = nil, within seconds: Int64 = 60
    ) async throws -> Int64 {
        let watch = Stopwatch()
        for node in nodes ?? self.nodes {
            while await node.api.status()?.height ?? 0 < height {
                try node.checkRunning()
                guard watch.seconds < seconds else {
                    let found = await node.api.status().map { "\($0.height)" } ?? "nothing"
                    throw Failure(
                        "\(node.name) has \(found) instead of height \(height) after \(seconds) s")
                }
                try await pause(milliseconds: 10)
            }
        }
        return watch.milliseconds
    }

    /// Waits until all `nodes` have `count` blocks more than the highest of them has now.
    @discardableResult
    func rise(
        by count: UInt64, on nodes: [TestNode]? = nil, within seconds: Int64 = 60
    ) async throws -> Int64 {
        let nodes = nodes ?? self.nodes
        // Who does not answer yet may have more than the others.
        try await reach(1, on: nodes, within: seconds)
        return try await reach(
            height(of: nodes) + count, on: nodes, within: seconds)
    }

    // MARK: Leading

    /// Waits until a node leads again: one of the next blocks is its own. Was it away for most of
    /// an epoch, then it sits in jail, and its operator asks for the end of it.
    func awaitBlock(of node: TestNode, within seconds: Int64 = 60) async throws {
        let first = await height(of: nodes) + 1
        let watch = Stopwatch()
        while watch.seconds < seconds {
            try node.checkRunning()
            try await endJail(of: node)
            guard let status = await node.api.status(), let index = status.validator.index else {
                try await pause(milliseconds: 100)
                continue
            }
            let last = status.height
            let blocks = last < first ? [] : try await node.api.blocks(from: first, through: last)
            if blocks.contains(where: { $0.proposer == index }) { return }
            try await pause(milliseconds: 100)
        }
        throw Failure("\(node.name) proposed no block in \(seconds) s")
    }

    /// Ends a node's jail if it has one and its time is over.
    private func endJail(of node: TestNode) async throws {
        guard await node.api.jailEnd(of: node.name) != nil else { return }
        let result = try await unjail(node)
        guard result.status == 0 || result.errors.contains("[staking.jailed]") else {
            throw Failure("\(node.name) stays in jail: \(result.errors)")
        }
        try await pause(milliseconds: 500)
    }

    /// What the operator of a node is answered that asks for the end of its jail.
    func unjail(_ node: TestNode) async throws -> Command.Result {
        try await Command.run(
            program,
            [
                "validator", "unjail", "--from", node.name, "--node", node.api.base, "--home",
                folder, "--timeout", "20s", "--yes", "--output", "json",
            ])
    }
}
