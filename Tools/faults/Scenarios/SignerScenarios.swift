import Foundation

/// The signer's own record, without which a validator might vote twice.
enum SignerScenarios {
    static let all = [
        Scenario(
            "lost-signer-record", "the signer's record is gone: no vote (S41)", body: lostRecord)
    ]

    private static func lostRecord(_ setup: Setup) async throws -> String {
        let network = try await setup.runningNetwork()
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
            flipping: setup.random.below(file.bytes.count / 2), bit: setup.random.below(8))
        try await requireRefusal(
            of: node, code: 6, naming: ["the signer's record", node.signedVotes, "hint:"])
        try file.write(file.bytes)
        try node.start()
        try await network.awaitBlock(of: node)
        return
            "refused beside its data, without, and with a flipped bit; back with the record; "
            + (try await network.checkHealth())
    }
}
