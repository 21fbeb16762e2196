import Chain
import Cryptography

/// Where stake rests, or rested, that an action names.
struct PlaceJSON: Encodable {
    let place: StakePlace
    let chain: ChainDescription

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        try fields.write("validator", place.validator)
        guard case .lot(let id) = place else { return }
        try fields.write("origin", OriginJSON(origin: id.origin, chain: chain))
    }
}

struct OriginJSON: Encodable {
    let origin: StakeOrigin
    let chain: ChainDescription

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        try fields.write("validator", origin.validator)
        try fields.write("exitEpoch", origin.exit.value)
    }
}

struct ProfileJSON: Encodable {
    let networkKey: String
    let endpoint: String
    let moniker: String
    let website: String
    let contact: String

    init(_ profile: ValidatorProfile) {
        networkKey = profile.networkKey.hex
        endpoint = profile.endpoint
        moniker = profile.moniker
        website = profile.website
        contact = profile.contact
    }
}

extension FieldWriter {
    /// The type and the fields of an action with stake.
    mutating func write(_ action: StakingAction) throws {
        try write("type", action.name)
        switch action {
        case .createValidator(let draft):
            try write("consensusKey", draft.consensusKey.key.hex)
            try write("profile", ProfileJSON(draft.profile))
            try write("commission", draft.commission)
            try write("selfBond", draft.selfBond)
        case .editValidator(let edit):
            try write("profile", Nullable(edit.profile.map { ProfileJSON($0) }))
            try write("commission", Nullable(edit.commission))
        case .unjail, .leave, .claim: break
        case .claimReturn(let escrow): try write("escrow", escrow.value)
        case .rotateKey(let key): try write("consensusKey", key.key.hex)
        case .delegate(let validator, let amount):
            try write("validator", validator)
            try write("amount", amount)
        case .undelegate(let place, let amount):
            try write("from", PlaceJSON(place: place, chain: chain))
            try write("amount", amount)
        case .cancel(let bucket, let amount):
            try write("validator", bucket.validator)
            try write("exitEpoch", bucket.exit.value)
            let origin = bucket.origin.map { OriginJSON(origin: $0, chain: chain) }
            try write("origin", Nullable(origin))
            try write("amount", amount)
        case .redelegate(let place, let validator, let amount):
            try write("from", PlaceJSON(place: place, chain: chain))
            try write("to", validator)
            try write("amount", amount)
        case .setMode(let validator, let mode):
            try write("validator", validator)
            try write("mode", mode.name)
        }
    }

    private mutating func write(_ name: String, _ amount: StakeAmount) throws {
        switch amount {
        case .all: try write(name, "all")
        case .tokens(let tokens): try write(name, tokens)
        }
    }

    /// The type and the fields of what happened to stake.
    mutating func write(_ event: StakingEvent) throws {
        try write("type", event.name)
        switch event {
        case .validatorCreated(let validator, let key), .keyRotated(let validator, let key):
            try write("validator", validator)
            try write("consensusKey", key.hex)
        case .validatorEdited(let validator), .unjailed(let validator), .leaving(let validator),
            .removed(let validator):
            try write("validator", validator)
        case .commissionAnnounced(let validator, let rate, let time):
            try write(validator, commission: rate)
            try write("notBefore", time: time)
        case .commissionChanged(let validator, let rate):
            try write(validator, commission: rate)
        case .jailed(let validator, let reason, let until):
            try write("validator", validator)
            try write("reason", reason.name)
            try write("until", time: until)
        case .delegated(let account, let validator, let amount),
            .cancelled(let account, let validator, let amount),
            .rewardsClaimed(let account, let validator, let amount),
            .unbonded(let account, let validator, let amount),
            .merged(let account, let validator, let amount):
            try write("account", account)
            try write("validator", validator)
            try write("amount", amount)
        case .undelegated(let account, let validator, let amount, let exit):
            try write("account", account)
            try write("validator", validator)
            try write("amount", amount)
            try write("exitEpoch", exit.value)
        case .redelegated(let account, let from, let to, let amount, let exit):
            try write("account", account)
            try write("from", from)
            try write("to", to)
            try write("amount", amount)
            try write("exitEpoch", exit.value)
        case .modeChanged(let account, let validator, let mode):
            try write("account", account)
            try write("validator", validator)
            try write("mode", mode.name)
        case .slashed(let validator, let epoch, let amount):
            try write("validator", validator)
            try write("epoch", epoch.value)
            try write("amount", amount)
        case .escrowReleased(let validator, let treasury, let reporter, let reward):
            try write("validator", validator)
            try write("treasury", treasury)
            try write("reporter", Nullable(reporter?.text(prefix: chain.addressPrefix)))
            try write("reward", reward)
        case .rewarded(let validator, let epoch, let amount, let commission):
            try write("validator", validator)
            try write("epoch", epoch.value)
            try write(["amount": amount, "commission": commission])
        case .rewardsPaid(let epoch, let amount, let minted, let treasury):
            try write("epoch", epoch.value)
            try write(["amount": amount, "minted": minted, "treasury": treasury])
        case .inflated(let epoch, let rate, let mintable, let fees, let treasury):
            try write("epoch", epoch.value)
            try write("rate", rate)
            try write(["mintable": mintable, "fees": fees, "treasury": treasury])
        case .returnClaimed(let account, let validator, let escrow, let amount):
            try write("account", account)
            try write(validator, escrow: escrow)
            try write("amount", amount)
        case .releaseFailed(let validator, let escrow, let code):
            try write(validator, escrow: escrow)
            try write("code", code)
        }
    }

    private mutating func write(_ validator: Address, commission: UInt16) throws {
        try write("validator", validator)
        try write("commission", commission)
    }

    private mutating func write(_ validator: Address, escrow: EscrowID) throws {
        try write("validator", validator)
        try write("escrow", escrow.value)
    }

    private mutating func write(_ amounts: KeyValuePairs<String, Amount>) throws {
        for (name, amount) in amounts { try write(name, amount) }
    }
}
