/// Which `Host` a request may name.
///
/// A page from elsewhere can make a browser send requests to a node on loopback by giving its own
/// name this node's address (DNS rebinding); the request then carries that name. An IP address in
/// its place is safe: no name was looked up.
struct HostRule: Sendable {
    let names: Set<String>

    /// - Parameter names: configured and bound host names; `localhost` is always allowed.
    init(names: [String]) {
        self.names = Set(names.map { $0.lowercased() }).union(["localhost"])
    }

    /// Whether a request with this `Host` header, port included, is answered.
    func allows(_ authority: String?) -> Bool {
        guard let authority, authority.utf8.count <= 300 else { return false }
        let host = HostRule.withoutPort(authority).lowercased()
        return names.contains(host) || HostRule.isAddress(host)
    }

    static func withoutPort(_ authority: String) -> String {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return authority }
            return String(authority[...end])
        }
        return String(authority.prefix { $0 != ":" })
    }

    /// A dotted IPv4 address, or anything in brackets, which is an IPv6 address and no name.
    static func isAddress(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.hasSuffix("]") }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.count <= 3 && UInt8(part) != nil
                    && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }
            }
    }
}
