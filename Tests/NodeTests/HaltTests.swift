import Chain
import Codec
import Consensus
import Cryptography
import Foundation
import Logging
import Storage
import Testing

@testable import Node

/// R6', R10: a node that stopped by itself says so at its next start, and what to do.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HaltTests {
    struct Status: Decodable {
        struct Halt: Decodable {
            let kind: String
            let epoch: UInt64
            let view: UInt64
            let message: String
            let advice: String
        }

        let height: UInt64
        let halt: Halt?
    }

    static func certificate(_ statement: Statement) -> Certificate {
        var bitmap = SignerBitmap(count: 1)
        bitmap.insert(0)
        let key = TestNetwork.consensusKey(0)
        return Certificate(
            epoch: .zero, view: View(7), statement: statement, isPartial: false, bitmap: bitmap,
            signatures: [key.sign([1])])
    }

    static let block = Digest(.block, [7])
    static let finalization = certificate(
        .finalize(Candidate(parentView: View(6), blockHash: block)))

    /// A chain of one validator that has made blocks, and whose log ends with these records.
    ///
    /// - Parameter instance: of another log than the chain's own.
    private func grown(
        _ records: [SafetyRecord], in instance: Digest? = nil
    ) async throws -> TestNetwork {
        let network = try await NodeErrorTests.grown()
        let root = network.members[0].home.voteLog
        let instance = try instance ?? #require(VoteLog.instances(root: root).first)
        var log = try VoteLog(root: root, instance: instance)
        for record in records {
            log.append([
                LogRecord(
                    type: record.type, sequence: log.nextSequence, payload: record.payload)
            ])
        }
        log.sync()
        return network
    }

    /// Runs the node until `isEnough`; what it said, its last status, and what ended it.
    private func run(
        _ network: TestNetwork, until isEnough: @Sendable (Status) -> Bool
    ) async throws -> (lines: LogLines, status: Status, failure: (any Error)?) {
        let lines = LogLines()
        let (node, port) = try network.node(0, logger: lines.logger)
        return try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    try await node.run()
                    return nil
                } catch {
                    return error
                }
            }
            let client = try await TestClient(port: port.value())
            var status = try await client.get("/v1/status", as: Status.self)
            while !isEnough(status) {
                try await Task.sleep(for: .milliseconds(50))
                status = try await client.get("/v1/status", as: Status.self)
            }
            group.cancelAll()
            return (lines, status, try await group.next() ?? nil)
        }
    }

    @Test func `S29 a node that halted says why at its next start, and only answers`()
        async throws
    {
        let network = try await grown([.halted(Self.finalization, Self.certificate(.nullify))])
        defer { network.remove() }
        let signed = try Data(
            contentsOf: URL(fileURLWithPath: network.members[0].home.signedVotes))
        let (lines, status, failure) = try await run(network) { $0.height > 0 }
        #expect(lines.contains("critical: This node halted in an earlier run"))
        let halt = try #require(status.halt)
        #expect(halt.kind == "safetyHalt")
        #expect(halt.epoch == 0)
        #expect(halt.view == 7)
        #expect(halt.advice.contains("data/log"))
        for part in ["the finalization of view 7", "the nullification of view 7", Self.block.short]
        {
            #expect(halt.message.contains(part))
            #expect(lines.contains(part))
        }
        for certificate in [Self.finalization, Self.certificate(.nullify)] {
            #expect(halt.message.contains(Digest(.verifiedBytes, encoding: certificate).short))
        }
        guard case .safetyHalt(let told)? = failure as? NodeFailure else {
            Issue.record("it ended with \(String(describing: failure))")
            return
        }
        #expect(told.second == Self.certificate(.nullify))
        #expect(NodeFailure.safetyHalt(told).advice == halt.advice)
        // Nothing was signed meanwhile.
        let after = try Data(
            contentsOf: URL(fileURLWithPath: network.members[0].home.signedVotes))
        #expect(after == signed)
    }

    /// The database may have lost the epoch of the halt.
    @Test func `S29 a halt in the log of another epoch holds as well`() async throws {
        let network = try await grown(
            [.entered(View(7)), .halted(Self.finalization, Self.certificate(.nullify))],
            in: Digest(.instance, [7]))
        defer { network.remove() }
        let signed = try Data(
            contentsOf: URL(fileURLWithPath: network.members[0].home.signedVotes))
        let (lines, status, failure) = try await run(network) { $0.halt != nil || $0.height > 9 }
        #expect(lines.contains("critical: This node halted in an earlier run"))
        #expect(status.halt?.kind == "safetyHalt")
        guard case .safetyHalt? = failure as? NodeFailure else {
            Issue.record("it ended with \(String(describing: failure))")
            return
        }
        let after = try Data(
            contentsOf: URL(fileURLWithPath: network.members[0].home.signedVotes))
        #expect(after == signed)
    }

    @Test func `a halt of which the log alone has one certificate is told too`() throws {
        let halt = try #require(SafetyHalt([.entered(View(1)), .halted(nil, Self.finalization)]))
        #expect(halt.description.contains("in the log, excludes the finalization of view 7"))
        #expect(SafetyHalt([.entered(View(1)), .certificate(Self.finalization)]) == nil)
    }

    @Test func `a node that diverged says so at its next start, and goes on once it agrees`()
        async throws
    {
        let network = try await NodeErrorTests.grown()
        defer { network.remove() }
        let file = DivergenceFile(path: network.members[0].home.divergence)
        let value = Divergence(epoch: .zero, view: View(1_000_000), block: Self.block)
        file.write(value)
        #expect(file.read() == value)
        let (lines, status, failure) = try await run(network) { $0.height > 3 }
        #expect(lines.contains("critical: This node's last run ended because it disagreed"))
        #expect(status.halt?.kind == "localDivergence")
        #expect(status.halt?.message.contains(Self.block.short) == true)
        #expect(failure == nil)
        #expect(file.read() == value)

        file.write(Divergence(epoch: .zero, view: View(1), block: Self.block))
        let (later, now, _) = try await run(network) { $0.height > 4 }
        #expect(!later.contains("disagreed"))
        #expect(now.halt == nil)
        #expect(file.read() == nil)
    }

    @Test(arguments: ["", "1 2", "1 2 3", "x 2 " + HaltTests.block.hex])
    func `a file that is none of ours keeps no node from starting`(text: String) throws {
        let path = NSTemporaryDirectory() + "althing-divergence-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(DivergenceFile(path: path).read() == nil)
    }
}
