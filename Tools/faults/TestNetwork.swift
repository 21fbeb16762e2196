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

    /// The highest height that these nodes have. All of them must run: it waits for the answer of
    /// each.
    ///
    /// - Parameter nodes: all if not given.
    func height(of nodes: [TestNode]? = nil) async throws -> UInt64 {
        var height: UInt64 = 0
        for node in nodes ?? self.nodes {
            let own = try await node.answer("its height") { await $0.status()?.height }
            height = max(height, own)
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
            while true {
                let found = await node.api.status()?.height
                if let found, found >= height { break }
                try node.checkRunning()
                guard watch.seconds < seconds else {
                    let words = found.map { "\($0)" } ?? "no answer"
                    throw Failure(
                        "\(node.name) has \(words) instead of height \(height) after \(seconds) s")
                }
                // An address other than loopback may ask 50 times a second.
                try await pause(milliseconds: 25)
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
        try await reach(1, on: nodes, within: seconds)
        // Who does not answer at once may have more than the others.
        return try await reach(
            height(of: nodes) + count, on: nodes, within: seconds)
    }

    // MARK: Leading

    /// Waits until a node leads again: one of the next blocks is its own. Was it away for most of
    /// an epoch, then it sits in jail, and its operator asks for the end of it.
    func awaitBlock(of node: TestNode, within seconds: Int64 = 120) async throws {
        let first = try await height() + 1
        let watch = Stopwatch()
        while watch.seconds < seconds {
            try node.checkRunning()
            try await endJail(of: node)
            guard let status = await node.api.status(), let index = status.validator.index else {
                try await pause(milliseconds: 100)
                continue
            }
            let last = status.height
            let blocks = last < first ? [] : try await node.blocks(from: first, through: last)
            if blocks.contains(where: { $0.proposer == index }) { return }
            try await pause(milliseconds: 100)
        }
        throw Failure("\(node.name) proposed no block in \(seconds) s")
    }

    /// Ends a node's jail if it has one and its time is over.
    private func endJail(of node: TestNode) async throws {
        guard await node.api.validator(node.name)?.jail != nil else { return }
        let result = try await unjail(node)
        // It is too early; or this address asked too often, and what it sent may be taken or not.
        let passing = ["[staking.jailed]", "[request.rate_limited]", "[staking.not_jailed]"]
        guard result.status == 0 || passing.contains(where: { result.errors.contains($0) }) else {
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
                folder, "--timeout", "60s", "--yes", "--output", "json",
            ])
    }
}
