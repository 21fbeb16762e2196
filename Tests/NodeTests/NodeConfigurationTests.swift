import Node
import Testing

@Suite struct NodeConfigurationTests {
    @Test func `the file that a configuration writes is read back`() throws {
        let configuration = NodeConfiguration()
        let (copy, _) = try NodeConfiguration.load(toml: configuration.toml, environment: [:])
        #expect(copy == configuration)
    }

    @Test(arguments: ["[[[", "[p2p", "[]", "[[api]]"])
    func `a header that is none is an error with its line`(header: String) {
        #expect(throws: ConfigurationError.self) {
            _ = try NodeConfiguration.load(toml: "\n" + header + "\n", environment: [:])
        }
    }
}
