import Chain
import Cryptography
import Foundation
import GenesisTool
import Node

/// The keys of the validators, and the genesis that they and the accounts make.
struct Members {
    /// Where each listens for peers.
    let ports: [Int]

    private static func seed(_ kind: UInt8, _ index: Int) -> [UInt8] {
        [kind, UInt8(index)] + [UInt8](repeating: 0xBE, count: 30)
    }

    static func consensusSeed(_ index: Int) -> [UInt8] { seed(1, index) }

    static func networkSeed(_ index: Int) -> [UInt8] { seed(2, index) }

    /// - Parameters:
    ///   - blockInterval: in milliseconds, as `idleInterval`.
    func genesis(accounts: Accounts, blockInterval: UInt64, idleInterval: UInt64) -> Genesis {
        guard let chainID = ChainID("benchmark") else {
            preconditionFailure("the name has the form of a chain's")
        }
        var parameters = Parameters(kind: .development)
        do throws(ParameterProblem) {
            try parameters.set("consensus.blockInterval", to: .integer(blockInterval))
            try parameters.set("consensus.idleInterval", to: .integer(idleInterval))
        } catch {
            preconditionFailure("the parameters exist: \(error)")
        }
        let entries = ports.enumerated().map { index, port in
            GenesisEntry(
                chainID: chainID, operatorKey: SigningKey(seed: Members.seed(3, index)),
                consensusKey: SigningKey(seed: Members.consensusSeed(index)),
                networkKey: SigningKey(seed: Members.networkSeed(index)).publicKey,
                endpoint: "127.0.0.1:\(port)", moniker: "validator\(index + 1)",
                commission: 500, selfBond: Amount(10_000_000_000))
        }
        let now = UInt64(Date().timeIntervalSince1970) * 1_000
        return Genesis(
            chainID: chainID, time: Timestamp(now), prefix: "alth",
            nativeAsset: Asset(symbol: "alt", decimals: 6), parameters: parameters,
            accounts: accounts.addresses.map {
                GenesisAccount(
                    address: $0, balances: [AssetBalance(amount: Accounts.fortune)])
            }, validators: entries)
    }
}

/// Ports of loopback that nobody listens on.
enum FreePorts {
    static func take(_ count: Int) throws -> [Int] {
        // All are held until the last is found, so that none is given twice.
        var sockets: [Int32] = []
        defer { sockets.forEach { close($0) } }
        var ports: [Int] = []
        for _ in 0..<count {
            #if canImport(Glibc)
                let kind = Int32(SOCK_STREAM.rawValue)
            #else
                let kind = SOCK_STREAM
            #endif
            let descriptor = socket(AF_INET, kind, 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16? in
                    guard bind(descriptor, generic, length) == 0,
                        getsockname(descriptor, generic, &length) == 0
                    else { return nil }
                    return pointer.pointee.sin_port.bigEndian
                }
            }
            guard let port else { throw CocoaError(.fileReadUnknown) }
            ports.append(Int(port))
        }
        return ports
    }
}
