import Chain
import Cryptography
import Networking
import Testing

@testable import Node

@Suite struct NodeConfigurationTests {
    @Test func `the file that a configuration writes is read back`() throws {
        let configuration = NodeConfiguration()
        let (copy, _) = try NodeConfiguration.load(toml: configuration.toml, environment: [:])
        #expect(copy == configuration)
    }

    @Test func `the versions of an upgrade are hashes, and survive the file`() throws {
        var configuration = NodeConfiguration()
        #expect(configuration.signalsReadiness && configuration.knownVersions.isEmpty)
        let hash = String(repeating: "ab", count: 32)
        #expect(configuration.set("upgrade.known", to: "\(hash), \(hash)") == nil)
        #expect(configuration.knownVersions.map(\.hex) == [hash, hash])
        #expect(configuration.set("upgrade.ready", to: "false") == nil)
        #expect(configuration.set("upgrade.known", to: "\(hash),12") != nil)
        #expect(configuration.set("upgrade.ready", to: "perhaps") != nil)
        let (copy, _) = try NodeConfiguration.load(toml: configuration.toml, environment: [:])
        #expect(copy == configuration)
        let variables = ["ALTHING_UPGRADE_KNOWN": hash]
        let (told, _) = try NodeConfiguration.load(toml: "", environment: variables)
        #expect(told.knownVersions.map(\.hex) == [hash])
    }

    @Test func `how many connections an address may have is a setting with its bounds`() throws {
        var configuration = NodeConfiguration()
        #expect(configuration.value(of: "p2p.connectionsPerHost") == "3")
        #expect(configuration.value(of: "p2p.connectionsPerSubnet") == "16")
        #expect(configuration.set("p2p.connectionsPerHost", to: "40") == nil)
        #expect(configuration.set("p2p.connectionsPerSubnet", to: "1000") == nil)
        #expect(configuration.networkLimits.connectionsPerHostMax == 40)
        #expect(configuration.networkLimits.connectionsPerSubnetMax == 1_000)
        let (copy, _) = try NodeConfiguration.load(toml: configuration.toml, environment: [:])
        #expect(copy == configuration)
        let variables = ["ALTHING_P2P_CONNECTIONSPERSUBNET": "7"]
        let (told, _) = try NodeConfiguration.load(toml: "", environment: variables)
        #expect(told.connectionsPerSubnet == 7 && told.connectionsPerHost == 3)
        for key in ["p2p.connectionsPerHost", "p2p.connectionsPerSubnet"] {
            for text in ["0", "1001", "-1", "many", ""] {
                #expect(configuration.set(key, to: text)?.hasPrefix("\(key): ") == true)
            }
        }
    }

    @Test func `a validator watches as its configuration or the kind of its chain says`() throws {
        var configuration = NodeConfiguration()
        #expect(configuration.watch(of: .development) == 0)
        #expect(configuration.watch(of: .main) == 10_000)
        #expect(configuration.set("signer.watchMilliseconds", to: "2500") == nil)
        #expect(configuration.watch(of: .development) == 2_500)
        #expect(configuration.value(of: "signer.watchMilliseconds") == "2500")
        let (copy, _) = try NodeConfiguration.load(toml: configuration.toml, environment: [:])
        #expect(copy == configuration)
        #expect(configuration.set("signer.watchMilliseconds", to: "auto") == nil)
        #expect(configuration.watchMilliseconds == nil)
        for text in ["600001", "-1", "1s", ""] {
            let problem = configuration.set("signer.watchMilliseconds", to: text)
            #expect(problem?.hasPrefix("signer.watchMilliseconds: ") == true, "\(text)")
        }
    }

    @Test(arguments: ["[[[", "[p2p", "[]", "[[api]]"])
    func `a header that is none is an error with its line`(header: String) {
        #expect(throws: ConfigurationError.self) {
            _ = try NodeConfiguration.load(toml: "\n" + header + "\n", environment: [:])
        }
    }
}
