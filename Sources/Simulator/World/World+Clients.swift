import Chain
import Cryptography
import Ledger
import Replica

/// The people who send transactions.
struct Clients: Sendable {
    let cast: Cast
    let load: WorldPlan.Load
    /// The last ones that were sent, to be sent again by the careless.
    var recent: [SignedTransaction] = []

    init(cast: Cast, load: WorldPlan.Load) {
        self.cast = cast
        self.load = load
    }
}

extension World {
    func scheduleClients() {
        let rate = plan.load.perSecondThousandths
        guard rate > 0 else { return }
        let mean = 1_000_000_000_000 / rate
        schedule(
            .client, to: nodes[0], after: chances.clients.within(1...2 * mean),
            outlivesProcess: true)
    }

    /// One client sends one transaction to one node.
    func clientActs() {
        scheduleClients()
        clientSends()
    }

    func clientSends() {
        let up = nodes.filter(\.isUp)
        guard !up.isEmpty else { return }
        _ = clientTransaction(for: chances.clients.pick(up))
    }

    /// A client sends a transaction to a node.
    func clientTransaction(for node: SimulatedNode) -> SignedTransaction {
        let transaction = drawTransaction(for: node)
        measurements.submitted += 1
        clients.recent.append(transaction)
        if clients.recent.count > 64 { clients.recent.removeFirst(32) }
        let delay = plan.machines.signatureMicroseconds * 1_000
        schedule(.admission([transaction], from: nil), to: node, after: delay)
        return transaction
    }

    private func drawTransaction(for node: SimulatedNode) -> SignedTransaction {
        let client = chances.clients.pick(cast.clients)
        let recipient = chances.clients.pick(cast.clients)
        let next = nextSequence(of: client, at: node)
        let isInvalid = chances.clients.chance(plan.load.invalidPermille)
        let height = node.head.height
        var content = Transaction(
            chainID: cast.genesis.chainID, sender: client.address, sequence: next,
            validUntil: height.advanced(by: 200),
            maxFee: Amount(plan.load.gasLimit / 200 + chances.clients.below(500)),
            gasLimit: plan.load.gasLimit,
            actions: [
                .transfer(
                    to: recipient.address, asset: .native,
                    amount: Amount(chances.clients.within(1...1_000)))
            ])
        guard isInvalid else { return sign(content, client) }
        switch chances.clients.below(7) {
        case 0: content.sequence = next + chances.clients.within(1...80)
        case 1: content.sequence = next > 0 ? next - 1 : next
        case 2: content.validUntil = height
        case 3: content.maxFee = Amount(.max / 2)
        case 4:
            content.actions = [
                .transfer(
                    to: recipient.address, asset: .native, amount: Amount(Cast.clientWealth * 20))
            ]
        case 5:
            if let again = clients.recent.last { return again }
        default:
            let other = chances.clients.pick(cast.clients)
            return SignedTransaction(
                transaction: content,
                signatures: [
                    TransactionSignature(
                        key: client.key,
                        signature: ToySignature.sign([1, 2, 3], with: other.key))
                ])
        }
        return sign(content, client)
    }

    private func nextSequence(of client: Cast.Client, at node: SimulatedNode) -> UInt64 {
        let waiting = node.replica.nextSequence(of: client.address, lane: 0)
        let height = node.head.height.advanced(by: 1)
        return max(
            waiting ?? 0,
            Queries.nextSequence(of: client.address, at: height, over: node.published))
    }

    private func sign(_ content: Transaction, _ client: Cast.Client) -> SignedTransaction {
        let message = content.signBytes(genesisHash: cast.genesisHash)
        return SignedTransaction(
            transaction: content,
            signatures: [
                TransactionSignature(
                    key: client.key, signature: ToySignature.sign(message, with: client.key))
            ])
    }
}
