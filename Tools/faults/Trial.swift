import Foundation

/// How a scenario is to run.
struct Setup: Sendable {
    let scenario: Scenario
    /// Among all scenarios; it decides the ports.
    let number: Int
    let program: String
    let localnet: String
    let kills: Int
    let seed: UInt64
    let isolation: Isolation
}

/// What a running scenario is given: the setup, its chance, and networks.
final class Trial {
    private let setup: Setup
    /// The scenario's own: the same seed gives the same draws whether or not others ran before.
    var random: SplitMix
    private var networks: [TestNetwork] = []

    init(_ setup: Setup) {
        self.setup = setup
        let hash = setup.scenario.name.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
            ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }
        random = SplitMix(seed: setup.seed ^ hash)
    }

    private var scenario: String { setup.scenario.name }
    var kills: Int { setup.kills }
    var isolation: Isolation { setup.isolation }

    /// Homes and a genesis for four validators, of which none runs yet.
    ///
    /// - Parameter epochLength: in blocks; if not given, the shortest that there is, so that faults
    ///   meet boundaries.
    func network(epochLength: Int = 16) async throws -> TestNetwork {
        let folder = "\(Guardian.folder)/\(scenario)-\(networks.count + 1)"
        let network = try await TestNetwork.create(
            folder: folder, program: setup.program, localnet: setup.localnet,
            ports: ports, epochLength: epochLength)
        networks.append(network)
        return network
    }

    /// Below the ports that the system gives to outgoing connections: one of those could take the
    /// port of a node that is down. No two scenarios have the same, nor two runs as a rule.
    private var ports: Int {
        20_000 + Int(getpid()) % 60 * 200 + setup.number * TestNetwork.validatorCount
    }

    /// The same as `network` with all four at work.
    func runningNetwork(epochLength: Int = 16) async throws -> TestNetwork {
        let network = try await network(epochLength: epochLength)
        try await network.startAll()
        return network
    }

    func end() async {
        for network in networks {
            await network.remove()
        }
        networks = []
    }

    /// Copies the logs to where they stay.
    func keepLogs() -> String? {
        let files = FileManager.default
        let kept = NSTemporaryDirectory() + "althing-faults-\(scenario)-\(UUID().uuidString)"
        guard !networks.isEmpty,
            (try? files.createDirectory(atPath: kept, withIntermediateDirectories: true)) != nil
        else { return nil }
        for (number, network) in networks.enumerated() {
            for node in network.nodes {
                let name = "\(number + 1)-validator\(node.number).log"
                try? files.copyItem(atPath: node.logFile, toPath: "\(kept)/\(name)")
            }
        }
        return kept
    }

    /// A line for who waits.
    func note(_ text: String) {
        FileHandle.standardError.write(Data("  \(scenario): \(text)\n".utf8))
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &self)
    }

    mutating func chance(oneIn count: Int) -> Bool {
        below(count) == 0
    }
}

/// Time since it was made.
struct Stopwatch {
    private let start = ContinuousClock.now

    var milliseconds: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    var seconds: Int64 { milliseconds / 1_000 }
}

func pause(milliseconds: Int) async throws {
    try await Task.sleep(for: .milliseconds(milliseconds))
}
