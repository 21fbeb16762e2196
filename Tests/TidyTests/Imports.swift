/// What each target may import: the graph of the architecture as data. A target that needs more
/// needs a reason first.
enum Imports {
    private static let system: Set = [
        "CDispatch", "Darwin", "Dispatch", "Foundation", "Glibc", "Musl", "Synchronization",
    ]
    private static let pure: Set = ["Codec", "Cryptography"]

    /// By the target's folder.
    static let allowed: [String: Set<String>] = [
        "Sources/Codec": [],
        "Sources/Cryptography": ["Codec", "CSodium", "Crypto"],
        "Sources/StateTree": pure,
        "Sources/Chain": pure,
        "Sources/Consensus": pure.union(["Chain", "OrderedCollections"]),
        "Sources/Ledger": pure.union(["Chain", "StateTree", "OrderedCollections"]),
        "Sources/Replica": pure.union(["Chain", "Consensus", "OrderedCollections"]),
        "Sources/Simulator": pure.union([
            "Chain", "StateTree", "Consensus", "Ledger", "Replica", "OrderedCollections",
        ]),
        "Sources/Networking": pure.union(system).union(["Logging", "NIOCore", "NIOPosix"]),
        "Sources/Storage": pure.union(system).union(["Chain", "StateTree", "CRocksDB"]),
        "Sources/API": pure.union(system).union([
            "Chain", "StateTree", "Ledger", "Storage", "Hummingbird", "HummingbirdCore", "Logging",
            "NIOCore", "ServiceLifecycle",
        ]),
        "Sources/Node": pure.union(system).union([
            "API", "Chain", "Consensus", "Ledger", "Logging", "Networking", "Replica",
            "ServiceLifecycle", "StateTree", "Storage", "TOMLKit",
        ]),
        "Sources/althing": pure.union(system).union([
            "ArgumentParser", "Chain", "FoundationNetworking", "GenesisTool", "KeyTool", "Ledger",
            "Logging", "Node", "ServiceLifecycle", "StateTree", "Storage",
            "TOMLKit", "UnixSignals",
        ]),
        "Tools/keys": pure.union(system).union(["ArgumentParser"]),
        "Tools/genesis": pure.union(system).union([
            "ArgumentParser", "Chain", "KeyTool", "Ledger",
        ]),
        "Tools/simulate": pure.union(system).union([
            "ArgumentParser", "Chain", "Consensus", "Simulator",
        ]),
        "Tools/faults": system.union(["ArgumentParser", "FoundationNetworking"]),
        "Tools/benchmark": pure.union(system).union([
            "ArgumentParser", "Chain", "Consensus", "Dispatch", "FoundationNetworking",
            "GenesisTool", "KeyTool", "Ledger", "Node", "Replica", "StateTree", "Storage",
        ]),
    ]

    /// The folders whose code has no I/O, clock, chance or task.
    static let pureFolders = [
        "Sources/Codec", "Sources/Cryptography", "Sources/StateTree", "Sources/Chain",
        "Sources/Consensus", "Sources/Ledger", "Sources/Replica",
    ]
}
