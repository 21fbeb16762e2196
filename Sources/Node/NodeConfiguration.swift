import Chain
import Cryptography
import Foundation
import Networking
import TOMLKit

/// What belongs to this process alone, and what all nodes need not share (that is in `Parameters`).
public struct NodeConfiguration: Equatable, Sendable {
    public enum LogFormat: String, Sendable {
        case text, json
    }

    public var moniker: String
    /// Where peers connect.
    public var listen: Endpoint
    /// The peers to keep connected.
    public var peers: [Peer]
    /// How many strangers may be connected from one address, and from one network of addresses
    /// (`NetworkLimits`).
    public var connectionsPerHost: Int
    public var connectionsPerSubnet: Int
    /// Where the API listens.
    public var api: Endpoint
    /// Host names besides loopback under which the API may be asked.
    public var apiHosts: [String]
    public var logLevel: String
    public var logFormat: LogFormat
    /// How long a validator listens after its start whether somebody else votes with its key; nil
    /// leaves it to the kind of the chain.
    public var watchMilliseconds: UInt64?
    /// What is added to the wall clock; not 0 on development chains only, where it shows what a
    /// wrong clock does.
    public var clockOffsetMilliseconds: Int64
    /// Hashes of versions that this program follows besides those of its table: on development
    /// chains only, where they show how an upgrade goes.
    public var knownVersions: [Digest]
    /// Whether the node says in its blocks that it is ready for an upgrade that it knows.
    public var signalsReadiness: Bool

    /// A host and a port; port 0 asks the system for a free one.
    public struct Endpoint: Equatable, Sendable, CustomStringConvertible {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// nil unless the text is `HOST:PORT` with a port of at most 65,535.
        public init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let host = String(text[..<colon])
            guard !host.isEmpty, let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            self.init(host: host, port: Int(port))
        }

        public var description: String { "\(host):\(port)" }
    }

    /// `NODEID@HOST:PORT`, where the node id is the hexadecimal network key.
    public struct Peer: Equatable, Sendable, CustomStringConvertible {
        public var id: PublicKey
        public var endpoint: Endpoint

        public init(id: PublicKey, endpoint: Endpoint) {
            self.id = id
            self.endpoint = endpoint
        }

        public init?(_ text: String) {
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let id = PublicKey(hex: String(parts[0])),
                let endpoint = Endpoint(String(parts[1]))
            else { return nil }
            self.init(id: id, endpoint: endpoint)
        }

        public var description: String { "\(id.hex)@\(endpoint)" }
    }

    public init() {
        moniker = "node"
        listen = Endpoint(host: "127.0.0.1", port: 26_656)
        peers = []
        connectionsPerHost = NetworkLimits().connectionsPerHostMax
        connectionsPerSubnet = NetworkLimits().connectionsPerSubnetMax
        api = Endpoint(host: "127.0.0.1", port: 7_070)
        apiHosts = []
        logLevel = "info"
        logFormat = .text
        watchMilliseconds = nil
        clockOffsetMilliseconds = 0
        knownVersions = []
        signalsReadiness = true
    }
}

/// Why a configuration is not one. Every problem names its key.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let problems: [String]

    public init(problems: [String]) {
        self.problems = problems
    }

    public var description: String { problems.joined(separator: "; ") }
}

extension NodeConfiguration {
    /// Where a value comes from, later ones preferred.
    public enum Origin: String, Sendable {
        case preset, file, environment, flag
    }

    /// The keys in the order in which they are shown.
    public static let keys = [
        "node.moniker", "p2p.listen", "p2p.peers", hostKey, subnetKey, "api.listen", "api.hosts",
        "log.level", "log.format", watchKey, knownKey, readyKey, clockKey,
    ]

    private static let hostKey = "p2p.connectionsPerHost"
    private static let subnetKey = "p2p.connectionsPerSubnet"
    /// More than there are slots for strangers bounds nothing.
    private static let connectionsMax = 1_000

    private static let watchKey = "signer.watchMilliseconds"
    /// Ten seconds: votes and blocks of everybody else pass many times.
    private static let watchDefault: UInt64 = 10_000
    private static let watchMax: UInt64 = 600_000

    /// How long a validator listens before it votes: not at all on a development chain, whose
    /// nodes are started often and on purpose.
    public func watch(of kind: ChainKind) -> UInt64 {
        watchMilliseconds ?? (kind == .development ? 0 : NodeConfiguration.watchDefault)
    }

    static let knownKey = "upgrade.known"
    private static let readyKey = "upgrade.ready"
    private static let clockKey = "development.clockOffsetMilliseconds"
    /// A year: far more than any test needs, and no sum overflows.
    private static let clockOffsetMax: Int64 = 31_536_000_000

    /// The variable that overrides `key`: `p2p.listen` is `ALTHING_P2P_LISTEN`.
    public static func environmentVariable(for key: String) -> String {
        "ALTHING_" + key.uppercased().replacingOccurrences(of: ".", with: "_")
    }

    /// The value of `key` as text; lists are separated by commas.
    public func value(of key: String) -> String? {
        switch key {
        case "node.moniker": moniker
        case "p2p.listen": listen.description
        case "p2p.peers": peers.map(\.description).joined(separator: ",")
        case NodeConfiguration.hostKey: String(connectionsPerHost)
        case NodeConfiguration.subnetKey: String(connectionsPerSubnet)
        case "api.listen": api.description
        case "api.hosts": apiHosts.joined(separator: ",")
        case "log.level": logLevel
        case "log.format": logFormat.rawValue
        case NodeConfiguration.watchKey: watchMilliseconds.map { String($0) } ?? "auto"
        case NodeConfiguration.knownKey: knownVersions.map(\.hex).joined(separator: ",")
        case NodeConfiguration.readyKey: String(signalsReadiness)
        case NodeConfiguration.clockKey: String(clockOffsetMilliseconds)
        default: nil
        }
    }

    /// Sets `key` from text. Returns what is wrong with it, or nil.
    public mutating func set(_ key: String, to text: String) -> String? {
        let items = text.split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty }
        switch key {
        case "node.moniker":
            guard (1...64).contains(text.utf8.count) else {
                return "\(key): a moniker has 1 to 64 bytes"
            }
            moniker = text
        case "p2p.listen":
            guard let endpoint = Endpoint(text) else { return "\(key): not HOST:PORT: \(text)" }
            listen = endpoint
        case "p2p.peers":
            var peers: [Peer] = []
            for (index, item) in items.enumerated() {
                guard let peer = Peer(item) else {
                    return "\(key)[\(index)]: not NODEID@HOST:PORT: \(item)"
                }
                peers.append(peer)
            }
            self.peers = peers
        case NodeConfiguration.hostKey: return setCount(\.connectionsPerHost, key, to: text)
        case NodeConfiguration.subnetKey: return setCount(\.connectionsPerSubnet, key, to: text)
        case "api.listen":
            guard let endpoint = Endpoint(text) else { return "\(key): not HOST:PORT: \(text)" }
            api = endpoint
        case "api.hosts":
            apiHosts = items
        case "log.level":
            let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
            guard levels.contains(text) else {
                return "\(key): one of \(levels.joined(separator: ", ")), not \(text)"
            }
            logLevel = text
        case "log.format":
            guard let format = LogFormat(rawValue: text) else {
                return "\(key): text or json, not \(text)"
            }
            logFormat = format
        case NodeConfiguration.watchKey:
            let milliseconds = UInt64(text)
            guard text == "auto" || milliseconds ?? .max <= NodeConfiguration.watchMax else {
                return "\(key): auto, or milliseconds, at most ten minutes of them, not \(text)"
            }
            watchMilliseconds = milliseconds
        case NodeConfiguration.knownKey:
            var versions: [Digest] = []
            for (index, item) in items.enumerated() {
                guard let version = Digest(hex: item) else {
                    return "\(key)[\(index)]: not 64 hexadecimal digits: \(item)"
                }
                versions.append(version)
            }
            knownVersions = versions
        case NodeConfiguration.readyKey:
            guard let isReady = Bool(text) else { return "\(key): true or false, not \(text)" }
            signalsReadiness = isReady
        case NodeConfiguration.clockKey:
            let range = -NodeConfiguration.clockOffsetMax...NodeConfiguration.clockOffsetMax
            guard let offset = Int64(text), range.contains(offset) else {
                return "\(key): milliseconds, at most a year of them, not \(text)"
            }
            clockOffsetMilliseconds = offset
        default:
            return "\(key): unknown key"
        }
        return nil
    }

    private mutating func setCount(
        _ path: WritableKeyPath<NodeConfiguration, Int>, _ key: String, to text: String
    ) -> String? {
        let most = NodeConfiguration.connectionsMax
        guard let count = Int(text), (1...most).contains(count) else {
            return "\(key): 1 to \(most) connections, not \(text)"
        }
        self[keyPath: path] = count
        return nil
    }

    /// Reads `althing.toml` and then the environment. All problems are reported at once.
    public static func load(
        toml: String, environment: [String: String]
    ) throws(ConfigurationError) -> (NodeConfiguration, origins: [String: Origin]) {
        var configuration = NodeConfiguration()
        var origins: [String: Origin] = [:]
        var problems: [String] = []
        for (key, text) in try entries(toml: toml) {
            if let problem = configuration.set(key, to: text) {
                problems.append(problem)
            }
            origins[key] = .file
        }
        for key in keys {
            guard let text = environment[environmentVariable(for: key)] else { continue }
            if let problem = configuration.set(key, to: text) {
                problems.append("\(environmentVariable(for: key)): \(problem)")
            }
            origins[key] = .environment
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return (configuration, origins)
    }

    /// The parser ends the process at some headers that are none, such as `[[[`; here only those of
    /// plain sections are needed.
    private static func checkHeaders(of toml: String) throws(ConfigurationError) {
        for (index, line) in toml.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        ).enumerated() {
            let text = line.trimmingCharacters(in: .whitespaces)
            guard text.hasPrefix("[") else { continue }
            let code = text.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            let name = code.dropFirst().dropLast()
            let isPlain = name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
            guard code.hasSuffix("]"), !name.isEmpty, isPlain else {
                throw ConfigurationError(
                    problems: ["line \(index + 1): expected a section like [api]: \(text)"])
            }
        }
    }

    private static func entries(toml: String) throws(ConfigurationError) -> [(String, String)] {
        try checkHeaders(of: toml)
        let root: TOMLTable
        do {
            root = try TOMLTable(string: toml)
        } catch let error as TOMLParseError {
            throw ConfigurationError(problems: ["\(error.source.begin): \(error.description)"])
        } catch {
            throw ConfigurationError(problems: ["not TOML: \(error)"])
        }
        var entries: [(String, String)] = []
        var problems: [String] = []
        for section in root.keys.sorted() {
            guard let table = root[section]?.table else {
                problems.append("\(section): expected a section [\(section)]")
                continue
            }
            for name in table.keys.sorted() {
                let key = "\(section).\(name)"
                if let text = table[name]?.string {
                    entries.append((key, text))
                } else if let array = table[name]?.array {
                    let items = array.compactMap { $0.string }
                    if items.count == array.count {
                        entries.append((key, items.joined(separator: ",")))
                    } else {
                        problems.append("\(key): a list of strings")
                    }
                } else {
                    problems.append("\(key): a string or a list of strings")
                }
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return entries
    }

    /// The file's text, with a comment on each key.
    public var toml: String {
        func quoted(_ text: String) -> String {
            let escaped = text.replacingOccurrences(of: "\\", with: "\\\\")
                .replacingOccurrences(of: "\"", with: "\\\"")
            return "\"\(escaped)\""
        }
        func list(_ items: [String]) -> String {
            items.isEmpty
                ? "[]" : "[\n" + items.map { "    \(quoted($0)),\n" }.joined() + "]"
        }
        return """
            # The settings of one node. Flags go before ALTHING_* variables, and those before
            # this file.

            [node]
            # The name in logs and in `node status`.
            moniker = \(quoted(moniker))

            [p2p]
            # Where peers connect; port 0 takes a free one.
            listen = \(quoted(listen.description))
            # Peers to keep connected, each NODEID@HOST:PORT.
            peers = \(list(peers.map(\.description)))
            # How many strangers may be connected from one address (IPv6: one /64), and from one
            # network of addresses (IPv4: /24, IPv6: /48). The validators of this epoch and the
            # next, and the peers above, do not count.
            connectionsPerHost = \(quoted(String(connectionsPerHost)))
            connectionsPerSubnet = \(quoted(String(connectionsPerSubnet)))

            [api]
            # REST, events and metrics. Keep it on loopback unless something stands in front of it.
            listen = \(quoted(api.description))
            # Host names besides loopback under which the API may be asked.
            hosts = \(list(apiHosts))

            [log]
            # trace, debug, info, notice, warning, error or critical
            level = \(quoted(logLevel))
            # text or json
            format = \(quoted(logFormat.rawValue))

            [signer]
            # Milliseconds for which a validator listens after its start whether somebody else votes
            # with its key, before it votes; auto: ten seconds, and none on a development chain.
            watchMilliseconds = \(quoted(value(of: NodeConfiguration.watchKey) ?? "auto"))

            [upgrade]
            # Whether this validator says in its blocks that it is ready for an upgrade that its
            # program knows; false keeps it from saying so.
            ready = \(quoted(String(signalsReadiness)))

            """ + known + development
    }

    /// Only where it says something; it belongs to the section before it.
    private var known: String {
        guard !knownVersions.isEmpty else { return "" }
        let items = knownVersions.map { "\"\($0.hex)\"" }.joined(separator: ", ")
        return """
            # Versions that this program follows besides its own; refused on all but development
            # chains.
            known = [\(items)]

            """
    }

    /// Only where it says something: nobody needs it to run a chain.
    private var development: String {
        guard clockOffsetMilliseconds != 0 else { return "" }
        return """

            [development]
            # Added to the wall clock; refused on all but development chains.
            clockOffsetMilliseconds = "\(clockOffsetMilliseconds)"

            """
    }
}
