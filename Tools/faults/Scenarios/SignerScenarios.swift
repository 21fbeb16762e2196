import Foundation

/// The signer's own record, without which a validator might vote twice.
enum SignerScenarios {
    static let all = [
        Scenario(
            "lost-signer-record", "the signer's record is gone: no vote (S41)", body: lostRecord),
        Scenario(
            "lost-everything", "--i-lost-state: no vote before the next epoch (S14)",
            body: lostEverything),
    ]

    private static func lostRecord(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork()
        try await network.rise(by: 3)
        let node = network.node(4)
        try await node.stop()
        let kept = node.home + "/kept-signed-votes"
        let files = FileManager.default
        try files.moveItem(atPath: node.signedVotes, toPath: kept)
        try await requireRefusal(of: node, code: 6, naming: [node.signedVotes, "hint:"])
        // The same key on another host: neither a record nor data.
        try files.moveItem(atPath: node.data, toPath: node.home + "/kept-data")
        try await requireRefusal(of: node, code: 6, naming: [node.signedVotes, "hint:"])
        try? files.removeItem(atPath: node.data)
        try files.moveItem(atPath: node.home + "/kept-data", toPath: node.data)
        try files.moveItem(atPath: kept, toPath: node.signedVotes)
        let file = try DamagedFile(node.signedVotes)
        try file.write(
            flipping: trial.random.below(file.bytes.count / 2), bit: trial.random.below(8))
        try await requireRefusal(
            of: node, code: 6, naming: ["the signer's record", node.signedVotes, "hint:"])
        try file.write(file.bytes)
        try node.start()
        try await network.awaitBlock(of: node)
        return
            "refused beside its data, without, and with a flipped bit; back with the record; "
            + (try await network.checkHealth())
    }

    private static func lostEverything(_ trial: Trial) async throws -> String {
        let network = try await trial.runningNetwork(epochLength: 60)
        try await network.rise(by: 5)
        let node = network.node(4)
        let seat = try await node.answer("its seat") { await $0.status()?.validator.index }
        try await node.stop(by: SIGKILL)
        for path in [node.signedVotes, node.data] {
            try FileManager.default.removeItem(atPath: path)
        }
        try await requireRefusal(of: node, code: 6, naming: ["--i-lost-state"])
        node.extraArguments = ["--i-lost-state"]
        try node.start()
        try await network.rise(by: 2)
        let first = try await network.height() + 1
        // The flag is not needed twice: the record says what happened.
        try await node.stop(by: SIGKILL)
        try node.start()
        // It was away for most of the epoch that was under way, and is jailed at its end.
        try await network.awaitBlock(of: node, within: 180)
        let last = try await network.height(of: [node])
        try await network.reach(last)
        let blocks = try await network.node(1).blocks(from: first, through: last)
        let own = blocks.filter { $0.proposer == seat }
        try require(
            own.allSatisfy { $0.epoch > 0 }, "\(node.name) led in the epoch that it had forgotten")
        try require(!own.isEmpty, "\(node.name) never led again")
        return "silent until height \(own[0].height), where epoch \(own[0].epoch) had begun; "
            + (try await network.checkHealth())
    }
}
