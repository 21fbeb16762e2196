import Chain
import Cryptography

extension Event {
    /// Which topic of the stream an event belongs to besides its transaction's.
    var topic: StreamTopic? {
        switch self {
        case .transferred: nil
        case .validators: .validator
        case .staking(let event): Event.stakeNames.contains(event.name) ? .stake : .validator
        case .governance: .gov
        }
    }

    /// The events that are about an account's stake.
    private static let stakeNames: Set = [
        "delegated", "undelegated", "unbondingCancelled", "redelegated", "stakeModeChanged",
        "rewardsClaimed", "unbonded", "stakeMerged", "slashReturned",
    ]
}

/// An event with its type's name and its fields; what stands around it in its list is added.
struct EventJSON: Encodable {
    /// Where an event stands when it is not shown inside its transaction.
    struct Place: Sendable {
        let cursor: Cursor
        let height: Height
        let transaction: Digest?
    }

    let event: Event
    let chain: ChainDescription
    var place: Place?

    init(_ event: Event, _ chain: ChainDescription, at place: Place? = nil) {
        self.event = event
        self.chain = chain
        self.place = place
    }

    func encode(to encoder: any Encoder) throws {
        var fields = FieldWriter(encoder, chain)
        if let place {
            try fields.write("cursor", place.cursor.text)
            try fields.write("height", place.height.value)
            try fields.write("tx", Nullable(place.transaction?.hex))
        }
        switch event {
        case .transferred(let from, let to, let asset, let amount):
            try fields.write("type", "transferred")
            try fields.write("from", from)
            try fields.write("to", to)
            try fields.write("asset", asset)
            try fields.write("amount", amount)
        case .validators(let event): try encode(event, into: &fields)
        case .staking(let event):
            try fields.write(event)
        case .governance(let event):
            if let proposal = event.proposal { try fields.write("proposal", proposal) }
            try encode(event, into: &fields)
        }
    }

    private func encode(_ event: ValidatorEvent, into fields: inout FieldWriter) throws {
        switch event {
        case .elected(let epoch, let setHash, let isFallback):
            try fields.write("type", "setElected")
            try fields.write("epoch", epoch.value)
            try fields.write("setHash", setHash.hex)
            try fields.write("isFallback", isFallback)
        case .offended(let operatorAddress, let key, let epoch, let view, let reporter):
            try fields.write("type", "offenceProven")
            try fields.write("operator", operatorAddress)
            try fields.write("consensusKey", key.hex)
            try fields.write("epoch", epoch.value)
            try fields.write("view", view.value)
            try fields.write("reporter", reporter)
        }
    }

    private func encode(_ event: GovernanceEvent, into fields: inout FieldWriter) throws {
        switch event {
        case .submitted(_, let proposer):
            try fields.write("type", "proposalSubmitted")
            try fields.write("proposer", proposer)
        case .deposited(_, let account, let amount):
            try fields.write("type", "deposited")
            try fields.write("account", account)
            try fields.write("amount", amount)
        case .statusChanged(_, let status):
            try fields.write("type", "proposalStatusChanged")
            try fields.write("status", status.name)
        case .ballotCast(_, let voter, let amounts):
            try fields.write("type", "ballotCast")
            try fields.write("voter", voter)
            try fields.write("power", AmountsJSON(amounts))
        case .extended(_, let end):
            try fields.write("type", "voteExtended")
            try fields.write("endsAt", time: end)
        case .depositClaimed(_, let account, let amount):
            try fields.write("type", "depositClaimed")
            try fields.write("account", account)
            try fields.write("amount", amount)
        case .depositForfeited(_, let amount):
            try fields.write("type", "depositForfeited")
            try fields.write("amount", amount)
        case .depositDestroyed(_, let amount):
            try fields.write("type", "depositDestroyed")
            try fields.write("amount", amount)
        case .parameterChanged(_, let name, let from, let to):
            let id = ParameterID(name: name)
            try fields.write("type", "parameterChanged")
            try fields.write("name", name)
            try fields.write("from", ParameterValueJSON(from, id))
            try fields.write("to", ParameterValueJSON(to, id))
            try fields.write("fromText", chain.text(of: from, id))
            try fields.write("toText", chain.text(of: to, id))
        case .enacted(_, let event):
            try fields.write(event)
        case .takenBack(_, let representative, let voter, let power, let amounts):
            try fields.write("type", "powerTakenBack")
            try fields.write("representative", representative)
            try fields.write("voter", voter)
            try fields.write("taken", String(power))
            try fields.write("power", AmountsJSON(amounts))
        case .representativesSet(let account, let group, let list):
            try fields.write("type", "representativesSet")
            try fields.write("account", account)
            try fields.write("topic", group.name)
            try fields.write(
                "representatives", list.entries.map { RepresentativeJSON($0, chain) })
        case .stakeReturned(_, let escrow, let amount, let until):
            try fields.write("type", "stakeReturned")
            try fields.write("escrow", escrow.value)
            try fields.write("amount", amount)
            try fields.write("until", time: until)
        case .decision(_, let event): try encode(event, into: &fields)
        }
    }

    private func encode(_ event: DecisionEvent, into fields: inout FieldWriter) throws {
        switch event {
        case .flagsChanged(let flags):
            try fields.write("type", "dryRunChanged")
            try fields.write("flags", flags.names)
        case .executionFailed(let code):
            try fields.write("type", "executionFailed")
            try fields.write("code", code)
        case .petitionSigned(let kind, let signer, let power):
            try fields.write("type", "petitionSigned")
            try fields.write("kind", kind.name)
            try fields.write("signer", signer)
            try fields.write("power", String(power))
        case .reopened(let end):
            try fields.write("type", "voteReopened")
            try fields.write("endsAt", time: end)
        case .paused(let module, let until):
            try fields.write("type", "modulePaused")
            try fields.write("module", module.name)
            try fields.write("until", time: until)
        case .resumed(let module):
            try fields.write("type", "moduleResumed")
            try fields.write("module", module.name)
        case .pauseEnded(let module):
            try fields.write("type", "pauseEnded")
            try fields.write("module", module.name)
        }
    }
}
