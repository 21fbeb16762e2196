import Foundation

/// Cuts between validators, each of which has a network namespace of its own.
enum PartitionScenarios {
    static let all = [
        Scenario("partition", "halves that do not hear each other, and 3 to 1 (S15, S16)") {
            try await partition($0)
        }
    ]

    /// consensus.md: the heal bound 2·t_r + 5·t_a·mult + 10·(2δ + sync + execution), with the
    /// retry interval 2 s and the timeout 2.1 s of these chains, grown by a fifth for
    /// the views of the cut, half a second for the last term; and what TCP takes to come back.
    private static let healSeconds: Int64 = 30

    private static func partition(_ trial: Trial) async throws -> String {
        try trial.isolation.require()
        let network = try await trial.network()
        let links = Links(network)
        try await links.make()
        try await network.startAll()
        try await network.rise(by: 3)
        let half = Array(network.nodes[2...])

        try await links.cut(half)
        // What was under way may still become final.
        try await pause(milliseconds: 3_000)
        let before = try await network.height()
        try await pause(milliseconds: 8_000)
        let after = try await network.height()
        try require(after == before, "a half made blocks \(before + 1) to \(after)")
        try await links.heal()
        let healed = try await network.rise(by: 10, within: healSeconds)

        let alone = network.nodes[trial.random.below(network.nodes.count)]
        let majority = network.others(than: alone)
        try await links.cut([alone])
        let risen = try await network.rise(by: 12, on: majority)
        let height = try await network.height(of: majority)
        let behind = try await network.height(of: [alone])
        try require(behind < height, "\(alone.name) alone has height \(height)")
        try await links.heal()
        let caughtUp = try await network.reach(height, on: [alone], within: healSeconds)
        try await network.awaitBlock(of: alone)
        let health = try await network.checkHealth()

        return "2|2: no block in 8 s, 10 in \(healed) ms after; 3|1: 12 blocks in \(risen) ms, "
            + "the one back in \(caughtUp) ms; \(health)"
    }
}

/// A namespace and two links for each validator: one to the others, over a bridge, and one to this
/// program, for its API. A cut puts some of them on another bridge.
struct Links {
    private let network: TestNetwork

    init(_ network: TestNetwork) {
        self.network = network
    }

    private func file(_ node: TestNode) -> String { node.home + "/namespace" }

    func make() async throws {
        for bridge in ["whole", "apart"] {
            try await Tool.ip.run("link", "add", bridge, "type", "bridge")
            try await Tool.ip.run("link", "set", bridge, "up")
        }
        let own = "\(getpid())"
        let keys = try network.nodes.map { try networkKey($0) }
        for node in network.nodes {
            let number = node.number
            let file = file(node)
            guard FileManager.default.createFile(atPath: file, contents: nil) else {
                throw Failure("\(file) cannot be made")
            }
            try await Tool.unshare.run("--net=\(file)", "true")
            for (inner, outer, address) in [
                ("peers", "peers\(number)", "10.99.0.\(number)/24"),
                ("api", "api\(number)", "10.98.\(number).2/30"),
            ] {
                try await inside(
                    node, "link", "add", inner, "type", "veth", "peer", "name", outer, "netns",
                    own)
                try await inside(node, "addr", "add", address, "dev", inner)
                try await inside(node, "link", "set", inner, "up")
                try await Tool.ip.run("link", "set", outer, "up")
            }
            try await inside(node, "link", "set", "lo", "up")
            try await Tool.ip.run("addr", "add", "10.98.\(number).1/30", "dev", "api\(number)")
            try await Tool.ip.run("link", "set", "peers\(number)", "master", "whole")
            configure(node, keys)
        }
    }

    private func configure(_ node: TestNode, _ keys: [String]) {
        let number = node.number
        node.launcher = [Tool.nsenter.path ?? "nsenter", "--net=\(file(node))"]
        node.api = NodeAPI(base: "http://10.98.\(number).2:7070")
        let peers = network.others(than: node).map {
            "\(keys[$0.number - 1])@10.99.0.\($0.number):26656"
        }
        node.environment = [
            "ALTHING_P2P_LISTEN": "10.99.0.\(number):26656",
            "ALTHING_P2P_PEERS": peers.joined(separator: ","),
            "ALTHING_API_LISTEN": "10.98.\(number).2:7070",
            "ALTHING_API_HOSTS": "10.98.\(number).2",
        ]
    }

    private func networkKey(_ node: TestNode) throws -> String {
        struct Key: Decodable {
            let publicKey: String
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: node.home + "/network.json"))
        return try JSONDecoder().decode(Key.self, from: data).publicKey
    }

    /// Runs `ip` in the namespace of a validator.
    private func inside(_ node: TestNode, _ arguments: String...) async throws {
        guard let nsenter = Tool.nsenter.path, let ip = Tool.ip.path else {
            throw Skip("this system has no nsenter or no ip")
        }
        let result = try await Command.run(
            nsenter, ["--net=\(file(node))", ip] + arguments)
        guard result.status == 0 else {
            throw Failure("ip \(arguments.joined(separator: " ")): \(result.errors)")
        }
    }

    /// These hear each other, and the others each other, but neither hears the other side.
    func cut(_ nodes: [TestNode]) async throws {
        for node in nodes {
            try await Tool.ip.run("link", "set", "peers\(node.number)", "master", "apart")
        }
    }

    func heal() async throws {
        for node in network.nodes {
            try await Tool.ip.run("link", "set", "peers\(node.number)", "master", "whole")
        }
    }
}
