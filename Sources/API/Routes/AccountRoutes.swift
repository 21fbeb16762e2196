import Chain
import Cryptography
import Hummingbird
import Ledger
import StateTree

extension API {
    func addAccountRoutes(to router: Router<APIContext>) {
        router.get("v1/accounts/:address") { _, context in try await account(context) }
        router.get("v1/treasury") { _, _ in
            let state = await node.state()
            return jsonResponse(
                TreasuryJSON(
                    address: ModuleID.treasury.address.text(prefix: node.chain.addressPrefix),
                    balances: balances(Queries.treasury(over: state), over: state)))
        }
        router.get("v1/supply") { _, _ in
            // The first ones; all are at /v1/assets.
            let assets = Queries.assets(limit: Queries.assetsMax, over: await node.state())
            let items = assets.map {
                SupplyJSON(
                    asset: $0.id.value, symbol: $0.asset.symbol, decimals: $0.asset.decimals,
                    supply: String($0.supply.value))
            }
            return jsonResponse(Page(items: items, next: nil))
        }
    }

    private func account(_ context: APIContext) async throws -> Response {
        let text = context.parameters.get("address") ?? ""
        let address = try address("address", text)
        let status = await node.status()
        let state = await node.state()
        let account = Queries.account(address, over: state)
        let pending = await node.nextSequence(address, 0) ?? account.sequence
        return jsonResponse(
            AccountJSON(
                address: text,
                exists: account.authority != nil || !account.balances.isEmpty
                    || account.bonded > .zero,
                sequence: String(account.sequence),
                balances: balances(account.balances, over: state),
                authority: AuthorityJSON(account.authority),
                bonded: String(account.bonded.value),
                pendingSequence: String(max(pending, account.sequence)),
                lanes: Queries.liveLaneCount(
                    of: address, at: status.height.advanced(by: 1), over: state)))
    }

    /// An address of this chain.
    func address(_ name: String, _ text: String) throws(Problem) -> Address {
        do {
            return try Address(text: text, prefix: node.chain.addressPrefix)
        } catch {
            throw .badParameter(
                name,
                "This is no address of this chain, which begins with "
                    + "\(node.chain.addressPrefix)1 and ends with a checksum.")
        }
    }

    private func balances(
        _ balances: [AssetBalance], over reader: some StateReader
    ) -> [BalanceJSON] {
        balances.map { balance in
            BalanceJSON(balance, of: Queries.asset(balance.asset, over: reader))
        }
    }
}
