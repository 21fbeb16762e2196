import Chain
import Cryptography
import StateTree

/// Assets besides the native one: made by a proposal, and minted by one if they were made so.
///
/// The supply of each is kept, and is the sum of all balances of it; it is at most that of the
/// native asset may be, so that no balance overflows.
enum Assets {
    // MARK: Checks

    /// What a new asset's form is, and that no other asset has its symbol.
    ///
    /// - Returns: the first supply.
    @discardableResult
    static func check<Base: StateReader>(
        _ creation: AssetCreation, in state: State<Base>
    ) throws(Rejection) -> Amount {
        let symbol = creation.asset.symbol
        guard isPlainText(creation.name, bytesMax: AssetCreation.nameBytesMax) else {
            throw .governance(.enacted(.assetName))
        }
        guard creation.asset.decimals <= Asset.decimalsMax else {
            throw .governance(.enacted(.assetDecimals(creation.asset.decimals)))
        }
        guard creation.asset.problem == nil else {
            throw .governance(.enacted(.assetSymbol(symbol)))
        }
        let native: Asset? = state.read(.asset(.native))
        guard native?.symbol != symbol, !state.contains(.enacted(.assetOfSymbol(symbol))) else {
            throw .governance(.enacted(.assetExists(symbol)))
        }
        guard creation.allotments.count <= AssetCreation.allotmentsMax else {
            throw .governance(.paymentCount(UInt64(creation.allotments.count)))
        }
        var supply = Amount.zero
        for allotment in creation.allotments {
            guard allotment.amount > .zero else { throw .governance(.paymentZero) }
            try checkRecipient(allotment.recipient, in: state)
            supply = try added(allotment.amount, to: supply, symbol)
        }
        guard supply > .zero || creation.mintAuthority == .governance else {
            throw .governance(.enacted(.assetEmpty))
        }
        return supply
    }

    /// Whether governance may mint this, as far as one action says.
    static func check<Base: StateReader>(
        _ mint: AssetMint, in state: State<Base>
    ) throws(Rejection) {
        guard mint.asset != .native else { throw .governance(.enacted(.mintNative)) }
        guard state.contains(.asset(mint.asset)) else { throw .unknownAsset(mint.asset) }
        let record: AssetRecord? = state.read(.enacted(.asset(mint.asset)))
        guard record?.mintAuthority == .governance else {
            throw .governance(.enacted(.mintForbidden(mint.asset)))
        }
        guard mint.amount > .zero else { throw .governance(.paymentZero) }
        try checkRecipient(mint.recipient, in: state)
        _ = try supply(of: mint, in: state)
    }

    /// That all mints of a proposal together leave the supply within its limit.
    static func checkSupply<Base: StateReader>(
        of id: AssetID, adding sum: UInt128, in state: State<Base>
    ) throws(Rejection) {
        let before: Amount = state.read(.supply(id)) ?? .zero
        guard UInt128(before.value) + sum <= UInt128(Limits.supplyMax) else {
            let asset: Asset? = state.read(.asset(id))
            throw .governance(.enacted(.supplyOverflow(symbol: asset?.symbol ?? "")))
        }
    }

    /// New tokens go to the treasury or to an account that somebody signs for.
    private static func checkRecipient<Base: StateReader>(
        _ recipient: Address, in state: State<Base>
    ) throws(Rejection) {
        guard recipient != ModuleAccounts.treasury else { return }
        try Streams.checkRecipient(recipient, in: state)
    }

    private static func added(
        _ amount: Amount, to supply: Amount, _ symbol: String
    ) throws(Rejection) -> Amount {
        guard let sum = supply.adding(amount), sum.value <= Limits.supplyMax else {
            throw .governance(.enacted(.supplyOverflow(symbol: symbol)))
        }
        return sum
    }

    /// The supply after a mint.
    private static func supply<Base: StateReader>(
        of mint: AssetMint, in state: State<Base>
    ) throws(Rejection) -> Amount {
        let asset: Asset? = state.read(.asset(mint.asset))
        let before: Amount = state.read(.supply(mint.asset)) ?? .zero
        return try added(mint.amount, to: before, asset?.symbol ?? "")
    }

    // MARK: Actions

    static func create<Base: StateReader>(
        _ creation: AssetCreation, of proposal: ProposalID, in state: inout State<Base>
    ) throws(Rejection) {
        let supply = try check(creation, in: state)
        var id = (state.read(.enacted(.lastAsset)) ?? AssetID.native).advanced(by: 1)
        // A number that genesis gave away is passed over.
        while state.contains(.asset(id)), id.value < .max {
            id = id.advanced(by: 1)
        }
        state.write(.enacted(.lastAsset), id)
        state.write(.asset(id), creation.asset)
        state.write(
            .enacted(.asset(id)),
            AssetRecord(
                name: creation.name, mintAuthority: creation.mintAuthority, proposal: proposal))
        state.write(.enacted(.assetOfSymbol(creation.asset.symbol)), id)
        if supply > .zero { state.write(.supply(id), supply) }
        for allotment in creation.allotments {
            try state.credit(allotment.recipient, allotment.amount, asset: id)
        }
        state.emit(
            .governance(
                .enacted(proposal, .assetCreated(id, creation.asset, supply: supply))))
        for allotment in creation.allotments {
            state.emit(
                .governance(
                    .enacted(
                        proposal,
                        .minted(id, recipient: allotment.recipient, amount: allotment.amount))))
        }
    }

    static func mint<Base: StateReader>(
        _ mint: AssetMint, of proposal: ProposalID, in state: inout State<Base>
    ) throws(Rejection) {
        try check(mint, in: state)
        let supply = try supply(of: mint, in: state)
        try state.credit(mint.recipient, mint.amount, asset: mint.asset)
        state.write(.supply(mint.asset), supply)
        state.emit(
            .governance(
                .enacted(
                    proposal,
                    .minted(mint.asset, recipient: mint.recipient, amount: mint.amount))))
    }
}
