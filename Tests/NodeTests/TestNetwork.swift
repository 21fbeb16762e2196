import Chain
import Cryptography
import Foundation
import Logging
import Networking
import Node
import Synchronization

/// Free ports and folders for nodes that run inside a test.
struct TestNetwork {
    struct Member {
        let home: HomeFolder
        var configuration: NodeConfiguration
        let seed: UInt8
    }

    var genesis: Genesis
    var members: [Member]
    let folder: String

    static func seed(_ kind: UInt8, _ index: UInt8) -> [UInt8] {
        [kind, index] + [UInt8](repeating: 9, count: 30)
    }

    static func consensusKey(_ index: UInt8) -> SigningKey {
        SigningKey(seed: seed(1, index))
    }

    static func networkKey(_ index: UInt8) -> SigningKey {
        SigningKey(seed: seed(2, index))
    }

    static func operatorKey(_ index: UInt8) -> SigningKey {
        SigningKey(seed: seed(3, index))
    }

    static func userKey(_ index: UInt8) -> SigningKey {
        SigningKey(seed: seed(4, index))
    }

    /// A genesis of `count` equal validators that listen on free ports of this machine.
    ///
    /// - Parameters:
    ///   - like: a network whose folder is taken over, with another genesis.
    ///   - listeningLike: a network whose ports are taken over.
    init(
        validators count: Int, blockInterval: UInt64 = 50, like: TestNetwork? = nil,
        listeningLike: TestNetwork? = nil
    ) throws {
        guard let chainID = ChainID("node-tests") else { throw CocoaError(.featureUnsupported) }
        folder = like?.folder ?? NSTemporaryDirectory() + "althing-node-\(UUID().uuidString)"
        let ports =
            try listeningLike?.members.map(\.configuration.listen.port)
            ?? TestNetwork.freePorts(count: count)
        var parameters = Parameters(kind: .development)
        try parameters.set("consensus.blockInterval", to: .integer(blockInterval))
        try parameters.set(
            "consensus.idleInterval", to: .integer(like == nil ? 500 : 600))
        var entries: [GenesisEntry] = []
        for index in 0..<UInt8(count) {
            entries.append(
                GenesisEntry(
                    chainID: chainID, operatorKey: TestNetwork.operatorKey(index),
                    consensusKey: TestNetwork.consensusKey(index),
                    networkKey: TestNetwork.networkKey(index).publicKey,
                    endpoint: "127.0.0.1:\(ports[Int(index)])", moniker: "v\(index)",
                    commission: 500, selfBond: Amount(10_000_000_000)))
        }
        genesis = Genesis(
            chainID: chainID, time: Timestamp(UInt64(Date().timeIntervalSince1970) * 1_000),
            prefix: "alth", nativeAsset: Asset(symbol: "alt", decimals: 6),
            parameters: parameters,
            accounts: (0..<4).map { index in
                GenesisAccount(
                    address: Address(TestNetwork.userKey(index).publicKey),
                    balances: [AssetBalance(amount: Amount(1_000_000_000_000))])
            }, validators: entries)
        members = (0..<UInt8(count)).map { [folder] index in
            var configuration = NodeConfiguration()
            configuration.moniker = "v\(index)"
            configuration.listen = NodeConfiguration.Endpoint(
                host: "127.0.0.1", port: ports[Int(index)])
            configuration.api = NodeConfiguration.Endpoint(host: "127.0.0.1", port: 0)
            return Member(
                home: HomeFolder(path: folder + "/v\(index)"), configuration: configuration,
                seed: index)
        }
        for member in members {
            try FileManager.default.createDirectory(
                atPath: member.home.signer, withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: member.home.signedVotes) {
                try Data().write(to: URL(fileURLWithPath: member.home.signedVotes))
            }
        }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Quiet but for what is wrong.
    var logger: Logger {
        var logger = Logger(label: "node") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }

    /// A node of the network, and the port of its API once it listens.
    /// - Parameters:
    ///   - networkSeed: of another network key than the validator's record names.
    ///   - logger: instead of the quiet one.
    func node(
        _ index: Int, networkSeed: UInt8? = nil, logger: Logger? = nil
    ) throws -> (node: Node, port: PortBox) {
        let member = members[index]
        let port = PortBox()
        let node = try Node(
            configuration: member.configuration, home: member.home, genesis: genesis,
            consensusKey: TestNetwork.consensusKey(member.seed),
            networkKey: TestNetwork.networkKey(networkSeed ?? member.seed),
            logger: logger ?? self.logger,
            onListening: { await port.set($0) })
        return (node, port)
    }

    /// Below the ports that the system gives to outgoing connections: one of those could take the
    /// port of a node that is not up yet, or down for a while.
    private static let portRange = 10_000..<20_000
    /// How many ports this process has tried. No two of its networks share one, and another process
    /// begins elsewhere.
    private static let portsTried = Mutex(Int(getpid()) * 97 % portRange.count)

    private static func freePorts(count: Int) throws -> [Int] {
        var ports: [Int] = []
        for _ in portRange where ports.count < count {
            let port = portsTried.withLock { tried in
                defer { tried = (tried + 1) % portRange.count }
                return portRange.lowerBound + tried
            }
            if isFree(port) { ports.append(port) }
        }
        guard ports.count == count else { throw POSIXError(.EADDRINUSE) }
        return ports
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// The port that a server tells when it listens.
actor PortBox {
    private var port: Int?
    private var waiting: [Int: CheckedContinuation<Int, any Error>] = [:]
    private var waitedCount = 0

    func set(_ port: Int) {
        self.port = port
        for continuation in waiting.values {
            continuation.resume(returning: port)
        }
        waiting = [:]
    }

    /// - Throws: if the task is cancelled, as it is when its test takes too long: a server that did
    ///   not start tells nothing.
    func value() async throws -> Int {
        if let port { return port }
        let number = waitedCount
        waitedCount += 1
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting[number] = continuation
                }
            }
        } onCancel: {
            Task { await giveUp(number) }
        }
    }

    private func giveUp(_ number: Int) {
        waiting.removeValue(forKey: number)?.resume(throwing: CancellationError())
    }
}
