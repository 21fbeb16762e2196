import Foundation
import Synchronization

/// A light stream of transfers, each sent by `althing send`, which waits until it is final.
final class Transfers: Sendable {
    struct Final: Sendable {
        let hash: String
        let height: UInt64
    }

    private struct State {
        var finals: [Final] = []
        var attempts = 0
        var isOver = false
    }

    /// What `althing send` prints.
    private struct Answer: Decodable {
        let hash: String
        let height: UInt64
    }

    private static let senders = ["alice", "bob", "carol"]

    private let program: String
    private let home: String
    private let addresses: [String]
    private let state = Mutex(State())

    init(_ network: TestNetwork) {
        program = network.program
        home = network.folder
        addresses = network.nodes.map(\.api.base)
    }

    /// The transfers that were reported final.
    var finals: [Final] { state.withLock { $0.finals } }

    /// Lets the stream flow while `body` runs.
    func flow<Value>(during body: () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in Transfers.senders.indices {
                group.addTask { try await self.send(from: index) }
            }
            defer { state.withLock { $0.isOver = true } }
            return try await body()
        }
    }

    private func send(from sender: Int) async throws {
        let names = Transfers.senders
        while let attempt = next() {
            let result = try await Command.run(
                program,
                [
                    "send", names[(sender + 1) % names.count], "0.01alt", "--from", names[sender],
                    "--node", addresses[attempt % addresses.count], "--home", home,
                    "--timeout", "5s", "--yes", "--output", "json",
                ])
            // A node that is down takes none, and one that was killed leaves it open.
            if result.status == 0,
                let answer = try? JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
            {
                let final = Final(hash: answer.hash, height: answer.height)
                state.withLock { $0.finals.append(final) }
            }
            try? await pause(milliseconds: 250)
        }
    }

    private func next() -> Int? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            state.attempts += 1
            return state.attempts
        }
    }

    /// Every transfer that was reported final is where it was, on all nodes.
    func check(on nodes: [TestNode]) async throws -> String {
        let finals = finals
        try require(!finals.isEmpty, "no transfer was reported final")
        for node in nodes {
            for final in finals {
                let found = try await node.answer(
                    "what became of the transfer \(final.hash), final at \(final.height),"
                ) { await $0.transaction(final.hash) }
                try require(
                    found.height == final.height,
                    "\(node.name) lost the transfer \(final.hash), final at \(final.height)")
            }
        }
        return "\(finals.count) final transfers still there"
    }
}
