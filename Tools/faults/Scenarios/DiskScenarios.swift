import Foundation

/// Disks that take no more bytes. Both need a mount of their own.
enum DiskScenarios {
    static let all = [
        Scenario(
            "full-disk", "the disk of one node fills up while it runs (S13)", body: fullDisk),
        Scenario("read-only-data", "the data of one node is read-only (S13)", body: readOnly),
    ]

    private static func fullDisk(_ trial: Trial) async throws -> String {
        try trial.isolation.require()
        let network = try await trial.network()
        let node = network.node(4)
        let others = network.others(than: node)
        try await Tool.mount.run("-t", "tmpfs", "-o", "size=96m", "tmpfs", node.data)
        try await network.startAll()
        let transfers = Transfers(network)
        let facts = try await transfers.flow {
            try await network.rise(by: 5)
            let filler = node.data + "/filler"
            try fill(filler, leaving: trial.random.below(4_096))
            guard let ending = try await node.ending(within: 60_000) else {
                throw Failure("\(node.name) still runs on a full disk")
            }
            try require(ending == .exited(74), "\(node.name) \(ending) on a full disk")
            try require(
                node.log().contains("storage failure"),
                "\(node.name) does not say what happened")
            let milliseconds = try await network.rise(by: 10, on: others)
            try await requireRefusal(of: node, code: 74, naming: ["the disk is full", node.data])
            try FileManager.default.removeItem(atPath: filler)
            try node.start()
            try await network.awaitBlock(of: node)
            return "ended with 74, the others made 10 blocks in \(milliseconds) ms, refused to "
                + "start, and is back with space"
        }
        let health = try await network.checkHealth()
        let there = try await transfers.check(on: network.nodes)
        try await node.stop()
        try await Tool.umount.run(node.data)
        return "\(facts); \(there); \(health)"
    }

    /// Writes until the disk takes nothing more, and then gives a few bytes back.
    private static func fill(_ path: String, leaving spare: Int) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw Failure("\(path) cannot be made") }
        defer { close(descriptor) }
        let piece = [UInt8](repeating: 0xAA, count: 65_536)
        var size = piece.count
        var total = 0
        while size > 0 {
            let count = write(descriptor, piece, size)
            if count > 0 {
                total += count
            } else {
                size /= 2
            }
        }
        guard ftruncate(descriptor, off_t(max(0, total - spare))) == 0 else {
            throw Failure("\(path) cannot be cut")
        }
    }

    private static func readOnly(_ trial: Trial) async throws -> String {
        try trial.isolation.require()
        let network = try await trial.runningNetwork()
        try await network.rise(by: 3)
        let node = network.node(4)
        try await node.stop()
        for folder in [node.data, node.home + "/signer"] {
            try await Tool.mount.run("--bind", folder, folder)
            try await Tool.mount.run("-o", "remount,bind,ro", folder)
            try await requireRefusal(of: node, code: 74, naming: [folder, "Read-only"])
            try await network.rise(by: 5, on: network.others(than: node))
            try await Tool.umount.run(folder)
        }
        try node.start()
        try await network.awaitBlock(of: node)
        return "refused with 74, and is back; " + (try await network.checkHealth())
    }
}
