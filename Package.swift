// swift-tools-version: 6.2
import PackageDescription

// The targets, bottom-up. A target exists only to forbid an import or to serve a second consumer;
// Tests/TidyTests holds the imports that each may use.
let package = Package(
    name: "Althing",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "althing", targets: ["althing"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Libraries of the system.
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),

        // The pure core: no I/O, no clock, no chance, no tasks, no Foundation.
        .target(name: "Codec"),
        .target(
            name: "Cryptography",
            dependencies: ["Codec", "CSodium", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "StateTree", dependencies: ["Codec", "Cryptography"]),
        .target(name: "Chain", dependencies: ["Codec", "Cryptography"]),
        .target(
            name: "Consensus",
            dependencies: ["Codec", "Cryptography", "Chain", orderedCollections]),
        .target(
            name: "Ledger",
            dependencies: ["Codec", "Cryptography", "StateTree", "Chain", orderedCollections]),
        .target(
            name: "Replica",
            dependencies: ["Codec", "Cryptography", "Chain", "Consensus", orderedCollections]),

        // The shells: sockets, disk, HTTP.
        .target(
            name: "Networking",
            dependencies: [
                "Codec", "Cryptography",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                log,
            ]),
        .target(
            name: "Storage",
            dependencies: ["Codec", "Cryptography", "StateTree", "Chain", "CRocksDB"]),
        .target(
            name: "API",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Ledger", "Storage",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                lifecycle, log,
            ]),
        .target(
            name: "Node",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
                "Networking", "Storage", "API", lifecycle, log,
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .target(
            name: "Simulator",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
                orderedCollections,
            ]),

        // The operators' package, and the programs.
        .target(
            name: "KeyTool",
            dependencies: ["Codec", "Cryptography", argumentParser],
            path: "Tools/keys"),
        .target(
            name: "GenesisTool",
            dependencies: ["Codec", "Cryptography", "Chain", "Ledger", "KeyTool", argumentParser],
            path: "Tools/genesis"),
        .executableTarget(
            name: "althing",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Ledger", "Node",
                "Storage", "KeyTool", "GenesisTool", argumentParser, log, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .executableTarget(
            name: "simulate",
            dependencies: ["Chain", "Simulator", argumentParser],
            path: "Tools/simulate"),
        .executableTarget(
            name: "faults", dependencies: [argumentParser], path: "Tools/faults"),
        .executableTarget(
            name: "benchmark",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
                "Storage", "Node", "KeyTool", "GenesisTool", argumentParser,
            ],
            path: "Tools/benchmark"),

        // One test target per target.
        .testTarget(name: "CodecTests", dependencies: ["Codec"]),
        .testTarget(
            name: "CryptographyTests",
            dependencies: ["Codec", "Cryptography"],
            resources: [.copy("Vectors")]),
        .testTarget(
            name: "StateTreeTests",
            dependencies: ["Codec", "Cryptography", "StateTree"]),
        .testTarget(name: "ChainTests", dependencies: ["Codec", "Cryptography", "Chain"]),
        .testTarget(
            name: "ConsensusTests",
            dependencies: ["Codec", "Cryptography", "Chain", "Consensus"],
            resources: [.copy("Scenarios")]),
        .testTarget(
            name: "LedgerTests",
            dependencies: ["Codec", "Cryptography", "StateTree", "Chain", "Ledger"]),
        .testTarget(
            name: "ReplicaTests",
            dependencies: ["Codec", "Cryptography", "Chain", "Consensus", "Replica"]),
        .testTarget(
            name: "NetworkingTests",
            dependencies: [
                "Codec", "Cryptography", "Networking",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                log,
            ],
            resources: [.copy("Vectors")]),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Storage", "CRocksDB",
            ]),
        .testTarget(
            name: "APITests",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Ledger", "Storage", "API",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                lifecycle, log,
            ]),
        .testTarget(
            name: "NodeTests",
            dependencies: [
                "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
                "Networking", "Storage", "Node", log,
            ]),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
                "Simulator",
            ]),
        .testTarget(
            name: "ToolsTests",
            dependencies: [
                "Codec", "Cryptography", "Chain", "Ledger", "KeyTool", "GenesisTool",
                argumentParser,
            ]),
        .testTarget(
            name: "althingTests",
            dependencies: [
                "Cryptography", "Chain", "KeyTool", "GenesisTool", "althing", argumentParser,
            ]),
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed, exclude: ["Driver"],
            resources: [.copy("Corpus")]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

var orderedCollections: Target.Dependency {
    .product(name: "OrderedCollections", package: "swift-collections")
}
var argumentParser: Target.Dependency {
    .product(name: "ArgumentParser", package: "swift-argument-parser")
}
var log: Target.Dependency { .product(name: "Logging", package: "swift-log") }
var lifecycle: Target.Dependency {
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
}

/// What the fuzz targets reach.
var fuzzed: [Target.Dependency] {
    [
        "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica",
        "Networking", "Storage", "KeyTool", "GenesisTool",
        .product(name: "NIOCore", package: "swift-nio"),
    ]
}

// For Tools/fuzz alone: the sources of FuzzTests become a program, and our own targets are compiled
// with libFuzzer's counters and AddressSanitizer. No other build knows of it.
let isFuzzer = Context.environment["ALTHING_FUZZER"] == "1"
let sanitizers = ["-sanitize=fuzzer,address"]
if isFuzzer {
    package.targets.removeAll { $0.type == .test }
    package.targets.append(
        .executableTarget(
            name: "fuzzer", dependencies: fuzzed, path: "Tests/FuzzTests",
            exclude: ["Replay", "Corpus"],
            linkerSettings: [.unsafeFlags(sanitizers + ["-use-ld=lld"])]))
}

// Deliberate bugs for the mutation check are known in debug builds of the core alone.
let mutated: Set = [
    "Codec", "Cryptography", "StateTree", "Chain", "Consensus", "Ledger", "Replica", "Simulator",
    "simulate", "SimulatorTests",
]

// Every target is compiled by the same rules.
for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableExperimentalFeature("Lifetimes"),
        // Generic code is specialised across targets: a decoder runs thirteen times faster.
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    ]
    if mutated.contains(target.name) {
        target.swiftSettings?.append(.define("MUTANTS", .when(configuration: .debug)))
    }
    if isFuzzer {
        target.swiftSettings?.append(.unsafeFlags(sanitizers + ["-enable-testing"]))
    }
}
