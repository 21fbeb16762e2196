import Cryptography
import Replica

/// By which key the replica knows each connection.
///
/// The replica knows a seat by the network key that it had when the epoch began. A validator that
/// has taken another key since, and connects with it, is that seat all the same: its connection
/// goes by the seat's name. Both keys may be connected, while the validator moves from one host to
/// another; then what is for the seat goes to both, and an answer to the one that asked.
struct PeerNames: Sendable {
    /// The name of each new key, and the new key of each name.
    private var names: [PublicKey: PublicKey] = [:]
    private var newKeys: [PublicKey: PublicKey] = [:]
    /// The keys of all connections in the order in which they came.
    private var connected: [PublicKey] = []

    /// What the replica is to hear, and the key of the connection that it came over; nil for what
    /// changes nothing.
    mutating func named(_ input: ReplicaInput) -> (input: ReplicaInput, sender: PublicKey?)? {
        switch input {
        case .connected(let peer):
            connected.append(peer.key)
            return (.connected(named(peer)), peer.key)
        case .disconnected(let peer):
            connected.removeAll { $0 == peer.key }
            // The other one is still there.
            guard !isConnected(name(of: peer.key)) else { return nil }
            return (.disconnected(named(peer)), nil)
        case .received(let message, let peer):
            return (names.isEmpty ? input : .received(message, from: named(peer)), peer.key)
        case .verified(let message, let instance, let peer):
            return (
                names.isEmpty ? input : .verified(message, instance: instance, from: named(peer)),
                peer.key
            )
        case .verificationFailed(let error, let instance, let peer):
            return (.verificationFailed(error, instance: instance, from: named(peer)), peer.key)
        case .forgedTransaction(let peer):
            return (.forgedTransaction(from: named(peer)), peer.key)
        case .start, .epochBegan, .renamed, .transaction, .built, .buildFailed, .stored, .executed,
            .durable, .signed, .refused, .committed, .replayed, .replayFailed, .timer:
            return (input, nil)
        }
    }

    /// Takes other names; returns what the replica is to hear of the connections that have them.
    ///
    /// - Parameter names: the name of each new key. No name is a new key.
    mutating func take(_ names: [PublicKey: PublicKey]) -> [ReplicaInput] {
        guard names != self.names else { return [] }
        var current = connected.map { name(of: $0) }
        self.names = names
        newKeys = [:]
        for (key, name) in names { newKeys[name] = key }
        var inputs: [ReplicaInput] = []
        for (index, key) in connected.enumerated() where current[index] != name(of: key) {
            let old = current[index]
            current[index] = name(of: key)
            inputs.append(
                .renamed(
                    Peer(key: old), to: Peer(key: current[index]), remains: current.contains(old)))
        }
        return inputs
    }

    /// The keys of all connections that a peer may have, whom the replica knows by a name.
    ///
    /// - Parameter sender: the connection whose message is being answered.
    func connections(to name: PublicKey, of sender: PublicKey?) -> [PublicKey] {
        if let sender, self.name(of: sender) == name { return [sender] }
        guard let newKey = newKeys[name] else { return [name] }
        return [name, newKey]
    }

    /// Where a message to a peer goes: a question whose answer is large to one connection only, for
    /// a second answer costs as much and answers nothing.
    func connections(
        for message: PeerMessage, to name: PublicKey, of sender: PublicKey?
    ) -> [PublicKey] {
        switch message {
        case .rangeRequest, .blockRequest, .blockTransactionsRequest:
            [connection(to: name, of: sender)]
        case .vote, .certificate, .proposal, .blockResponse, .blockTransactionsResponse,
            .certificateRequest, .certificateResponse, .evidence, .transactions, .rangeResponse,
            .epochHint:
            connections(to: name, of: sender)
        }
    }

    /// The key of one of them.
    func connection(to name: PublicKey, of sender: PublicKey?) -> PublicKey {
        let keys = connections(to: name, of: sender)
        return keys.count == 1 ? keys[0] : keys.last { connected.contains($0) } ?? name
    }

    private func name(of key: PublicKey) -> PublicKey { names[key] ?? key }

    private func named(_ peer: Peer) -> Peer { Peer(key: name(of: peer.key)) }

    private func isConnected(_ name: PublicKey) -> Bool {
        connected.contains { self.name(of: $0) == name }
    }
}
