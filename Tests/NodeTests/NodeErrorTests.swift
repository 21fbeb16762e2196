import Chain
import Cryptography
import Foundation
import Node
import Testing

@Suite struct NodeErrorTests {
    /// A chain of one validator that has made blocks.
    static func grown() async throws -> TestNetwork {
        let network = try TestNetwork(validators: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (node, port) = try network.node(0)
            group.addTask { try await node.run() }
            let client = try await TestClient(port: port.value())
            #expect(try await client.waitForHeight(2).height >= 2)
            group.cancelAll()
        }
        return network
    }

    static func startError(_ network: TestNetwork) -> String? {
        do {
            _ = try network.node(0)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `data of another genesis is refused by both hashes`() throws {
        let first = try TestNetwork(validators: 1)
        defer { first.remove() }
        _ = try first.node(0)
        let second = try TestNetwork(validators: 1, like: first)
        let text = try #require(Self.startError(second))
        #expect(text.contains(first.genesis.hash.hex))
        #expect(text.contains(second.genesis.hash.hex))
    }

    @Test(.timeLimit(.minutes(10)))
    func `SEC-09 S41 a validator with a history does not sign without its record`() async throws {
        let network = try await Self.grown()
        defer { network.remove() }
        try FileManager.default.removeItem(atPath: network.members[0].home.signedVotes)
        let text = try #require(Self.startError(network))
        #expect(text.contains("signing could equivocate"))
    }

    @Test func `SEC-09 S41 a key without a record signs nothing on a new host`() throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        try FileManager.default.removeItem(atPath: network.members[0].home.signedVotes)
        let text = try #require(Self.startError(network))
        #expect(text.contains("signing could equivocate"))
        #expect(!FileManager.default.fileExists(atPath: network.members[0].home.signedVotes))
    }

    @Test(.timeLimit(.minutes(10)))
    func `S41 a damaged record of the signer is told from a damaged log`() async throws {
        let network = try await Self.grown()
        defer { network.remove() }
        let path = network.members[0].home.signedVotes
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[40] ^= 0x01
        try bytes.write(to: URL(fileURLWithPath: path))
        let text = try #require(Self.startError(network))
        #expect(text.hasPrefix("the signer's record: \(path)"))
    }

    @Test(arguments: [ChainKind.main, .test])
    func `a clock offset is refused on a chain that is not for development`(
        kind: ChainKind
    ) throws {
        var network = try TestNetwork(validators: 1)
        defer { network.remove() }
        network.members[0].configuration.clockOffsetMilliseconds = 1
        #expect(Self.startError(network) == nil)
        network.genesis.parameters = Parameters(kind: kind)
        let text = try #require(Self.startError(network))
        #expect(text.hasPrefix("development.clockOffsetMilliseconds: only a development chain"))
    }

    @Test(.timeLimit(.minutes(10)))
    func `S12 a log that is damaged in the middle is refused by its file and place`() async throws {
        let network = try await Self.grown()
        defer { network.remove() }
        let root = network.members[0].home.voteLog
        let instance = try #require(FileManager.default.contentsOfDirectory(atPath: root).first)
        let folder = root + "/" + instance
        let file = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder).sorted().first)
        let path = folder + "/" + file
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[40] ^= 0xFF
        try bytes.write(to: URL(fileURLWithPath: path))
        let text = try #require(Self.startError(network))
        #expect(text.contains(path))
        #expect(text.contains("corrupt at byte"))
    }

    @Test func `a database that another process uses is refused`() throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let running = try network.node(0)
        let text = try #require(Self.startError(network))
        #expect(text.contains("in use"))
        withExtendedLifetime(running) {}
    }

    /// With the database or all data out of the way, a second process would open the same record
    /// of the signer, and know only half of what the key signs.
    @Test(arguments: ["data/db", "data", "signer"])
    func `SEC-09 a folder that is moved away from a running node admits no second`(
        folder: String
    ) throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let home = network.members[0].home
        let running = try network.node(0)
        let path = home.path + "/" + folder
        try FileManager.default.moveItem(atPath: path, toPath: path + "-moved")
        if folder == "signer" {
            // The record may stand in another home by now.
            try FileManager.default.removeItem(atPath: home.data)
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: path + "-moved")
        }
        let text = try #require(Self.startError(network))
        #expect(text.contains("is in use by another process"))
        withExtendedLifetime(running) {}
    }

    @Test(.timeLimit(.minutes(10)))
    func `a peer port in use is named`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let other = try TestNetwork(validators: 1, listeningLike: network)
        defer { other.remove() }
        await #expect(throws: (any Error).self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (first, port) = try network.node(0)
                group.addTask { try await first.run() }
                _ = try await TestClient(port: port.value()).waitForHeight(1)
                let (second, _) = try other.node(0)
                group.addTask { try await second.run() }
                defer { group.cancelAll() }
                do {
                    try await group.next()
                } catch {
                    let port = network.members[0].configuration.listen.port
                    #expect("\(error)".contains("\(port)"))
                    throw error
                }
            }
        }
    }
}
