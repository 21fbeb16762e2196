/// Every text that blocks commit to, as it has been from the first block on: a code, and below it
/// the message with the facts of `StoredRejections`.
enum StoredTexts {
    /// A code with its message, or some words alone.
    static var golden: [String] {
        var entries: [String] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("    "), let last = entries.popLast() {
                entries.append(last + "\n" + line)
            } else {
                entries.append(String(line))
            }
        }
        return entries
    }

    private static let text = """
        tx.oversized
            The transaction has 2 bytes; at most 1 are allowed.
        tx.wrong_chain
            The transaction is for the chain b, and this is a.
        tx.expired
            The transaction was valid until height 1; the next block is 2.
        tx.validity_too_long
            The transaction is valid until height 4; its lane allows 3.
        tx.sequence_too_low
            The sequence 5 was used already; the next one is 6.
        tx.sequence_too_high
            The sequence is 8; the next one is 7.
        tx.too_many_lanes
            The account has 64 live lanes, the most that are allowed.
        tx.no_actions
            The transaction has no action.
        tx.too_many_actions
            The transaction has 65 actions; at most 64 are allowed.
        tx.memo_too_long
            The memo has 257 bytes; at most 256 are allowed.
        tx.wrong_signers
            The signatures are not those of the authority of
            1111111111111111111111111111111111111111111111111111111111111101.
        tx.bad_signature
            A signature is missing, or does not match the transaction and its key.
        tx.module_cannot_sign
            The account 1111111111111111111111111111111111111111111111111111111111111101 belongs
            to the ledger; nobody signs for it.
        tx.action_not_allowed
            The action spend is for proposals, not for transactions.
        fee.gas_limit_zero
            The gas limit is 0.
        fee.gas_limit_too_low
            The gas limit is 1; the transaction needs at least 2.
        fee.gas_limit_too_high
            The gas limit is 4; a whole block has 3.
        fee.below_floor
            The maximum fee is 1; for this gas limit at least 2 is needed.
        fee.cannot_pay
            The account 1111111111111111111111111111111111111111111111111111111111111101 has 1;
            the fee may be up to 2.
        block.full
            The block has no room for the transaction.
        fee.out_of_gas
            The gas limit of 9 is used up.
        bank.unknown_asset
            There is no asset 1.
        bank.insufficient_funds
            The account 1111111111111111111111111111111111111111111111111111111111111101 has 1
            of asset 3; 2 is needed.
        bank.amount_zero
            The amount is 0.
        bank.balance_overflow
            The balance of 1111111111111111111111111111111111111111111111111111111111111101 in
            asset 0 would not fit 64 bits.
        bank.recipient_is_module
            The account 1111111111111111111111111111111111111111111111111111111111111101 belongs
            to the ledger and takes no transfers.
        staking.unknown_validator
            The account 1111111111111111111111111111111111111111111111111111111111111101 is no
            validator's operator.
        staking.not_an_operator
            The account 1111111111111111111111111111111111111111111111111111111111111101 has no
            validator.
        staking.validator_exists
            The account 1111111111111111111111111111111111111111111111111111111111111101 has a
            validator already.
        staking.invalid_key
            The key 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c is not a
            valid Ed25519 key.
        staking.key_taken
            The key 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c is or was
            another validator's, or this one's.
        staking.bad_proof
            The proof is not a signature of
            8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c for this chain and
            operator.
        staking.key_dead
            The key 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c signed two
            ways; it can never be used again.
        staking.invalid_field
            The moniker must have something.
        staking.commission_too_high
            The commission is 2 basis points; at most 1 are allowed.
        staking.commission_too_low
            The commission is 3 basis points; at least 4 are asked for.
        staking.self_bond_too_low
            The self-bond would be 1; at least 2 is needed.
        staking.nothing_to_change
            The action changes nothing.
        staking.not_jailed
            The validator 1111111111111111111111111111111111111111111111111111111111111101 is
            not jailed.
        staking.jailed
            The jail ends at 5 ms.
        staking.validator_leaving
            The validator 1111111111111111111111111111111111111111111111111111111111111101 is
            leaving.
        staking.validator_barred
            The validator 1111111111111111111111111111111111111111111111111111111111111101 is
            jailed for equivocation and takes no stake.
        staking.pool_empty
            The pool of 1111111111111111111111111111111111111111111111111111111111111101 is
            empty, and its operator has to deposit first.
        staking.same_validator
            The stake is with 1111111111111111111111111111111111111111111111111111111111111101
            already.
        staking.self_bond_stays
            The self-bond of 1111111111111111111111111111111111111111111111111111111111111101
            cannot move elsewhere.
        staking.lot_bound
            The stake is still liable for
            1111111111111111111111111111111111111111111111111111111111111101 and can only go
            back there.
        staking.no_position
            The account has no such stake.
        staking.amount_too_small
            The amount is 1; at least 2 is needed.
        staking.amount_above_stake
            The amount is 4; the stake there is worth 3.
        staking.no_shares
            The amount 1 is worth no share there.
        staking.too_many_positions
            The account has stake in 16 records, the most that are allowed.
        staking.too_many_places
            The account's stake was in 64 places lately, the most that are kept.
        staking.already_in_mode
            The position is paying already.
        staking.unknown_escrow
            There is no escrow 1.
        staking.not_returned
            No proposal has returned what escrow 1 holds.
        staking.return_over
            What escrow 1 held has gone to the treasury.
        staking.nothing_to_return
            The account lost nothing that is in escrow 1.
        staking.return_claimed
            The account has claimed its part of escrow 1.
        gov.title_empty
            The proposal has no title.
        gov.title_too_long
            The title has 141 characters; at most 140 are allowed.
        gov.action_not_allowed
            The action transfer cannot be part of a proposal.
        gov.mixed_topics
            The actions are of more than one topic.
        gov.unknown_parameter
            There is no parameter gov.unknown.
        gov.duplicate_parameter
            The parameter gov.depositBase is changed twice.
        gov.parameter_invalid
            The change of gov.depositBase is not valid: gov.depositBase: a problem.
        gov.expected_differs
            The parameter gov.depositBase does not have the expected value.
        gov.payment_count
            The spend has 17 payments; 1 to 16 are allowed.
        gov.payment_zero
            A payment is 0.
        gov.payment_to_module
            The account 1111111111111111111111111111111111111111111111111111111111111101 belongs
            to the ledger and takes no payments.
        gov.treasury_too_small
            The treasury has 1 of asset 0; 18446744073709551616 is needed.
        gov.duplicate_escrow
            The escrow 1 is named twice.
        gov.escrow_not_held
            What escrow 1 holds can no longer be returned.
        gov.deposit_too_low
            The deposit of 1 is below the minimum of 2.
        gov.deposit_too_high
            The deposit of 4 is above what is missing, 3.
        gov.deposit_complete
            The deposit of proposal 7 is complete.
        gov.too_many_depositors
            The proposal has 64 depositors, the most that are allowed.
        gov.nothing_to_claim
            There is nothing to claim from proposal 7.
        gov.unknown_proposal
            There is no proposal 7.
        gov.not_in_deposit
            Proposal 7 takes no deposits; it is voting.
        gov.not_voting
            The vote on proposal 7 is over.
        gov.not_voting
            Proposal 7 takes no ballots; it is queued.
        gov.not_proposer
            Only the proposer can cancel proposal 7.
        gov.too_late_to_cancel
            Proposal 7 can no longer be cancelled; it is executed.
        gov.content_differs
            The ballot names another content than proposal 7 has.
        gov.weights_incomplete
            The weights sum to 9999 instead of 10000.
        gov.reason_too_long
            The reason has 281 characters; at most 280 are allowed.
        gov.no_power
            The account 1111111111111111111111111111111111111111111111111111111111111101 has no
            power: at height 3 it had no stake, and nothing is lent to it that was not taken
            back.
        gov.too_many_representatives
            5 representatives are named; at most 4 are allowed.
        gov.represents_itself
            An account cannot be its own representative.
        gov.duplicate_representative
            The account 2222222222222222222222222222222222222222222222222222222222222201 is
            named twice.
        gov.representative_without_weight
            The account 2222222222222222222222222222222222222222222222222222222222222201 would
            represent nothing.
        gov.representative_weights
            The weights of the representatives sum to 10001; at most 10000 are allowed.
        gov.escrow_short
            The escrow would hold 1 for deposits of 2.
        gov.supply_changed
            The supply would have changed.
        gov.too_many_conditions
            The proposal has 9 conditions; at most 8 are allowed.
        gov.contradictory
            Two actions contradict each other: this is that.
        gov.pause_duration
            A pause of 0 ms is not within 1...604800000.
        gov.not_queued
            Proposal 7 is not queued; it is voting.
        gov.not_executable
            The execution of proposal 7 is not one that failed and may be tried again.
        gov.not_paused
            The module transfers is not paused.
        gov.condition_false
            The condition that this is that does not hold.
        gov.outflow_limit
            Spends of asset 0 would come to 2 in 30 days; the limit is 1.
        gov.supply_broken
            The balances of asset 0 would no longer sum to its supply.
        gov.petition_closed
            Proposal 7 takes no such petition.
        gov.already_signed
            The petition to reopen proposal 7 was signed by this account already.
        gov.paused
            The module staking is paused until 5.
        gov.tranche_count
            The stream has 17 tranches; 1 to 16 are allowed.
        gov.tranche_order
            The tranches are not in ascending order of their times.
        gov.stream_times
            A linear stream needs start ≤ cliff ≤ end and start < end.
        gov.stream_too_long
            A time of the stream lies more than ten years from now.
        gov.stream_ended
            All of the stream would be due at once.
        gov.stream_overflow
            The amounts of the stream sum to more than 64 bits hold.
        gov.unknown_stream
            There is no stream 1.
        gov.duplicate_recall
            The stream 1 is recalled twice.
        gov.not_stream_recipient
            The stream 1 is another account's.
        gov.nothing_due
            Nothing of stream 1 is due; the next is due after 5 ms.
        gov.asset_name
            The name has not 1 to 64 bytes of plain text.
        gov.asset_symbol
            The symbol A is not valid.
        gov.asset_decimals
            The asset has 19 decimals; at most 9 are allowed.
        gov.asset_exists
            The symbol gold is that of another asset.
        gov.asset_empty
            Nobody has anything of the asset, and nobody could mint it.
        gov.supply_overflow
            The supply of gold would be above 9223372036854775807.
        gov.mint_native
            The native asset is not minted by proposals.
        gov.mint_forbidden
            Nobody may mint the asset 1.
        gov.upgrade_name
            The name has not 1 to 64 bytes of plain text.
        gov.upgrade_without_version
            The upgrade has no version hash.
        gov.upgrade_window
            The window of epochs 1 to 2 is not one for epoch 3: it begins and ends in order,
            ends in the future, begins at most 10000 epochs ahead and has at most 1000.
        gov.upgrade_active
            The chain follows this version already.
        gov.upgrade_scheduled
            The upgrade to f4705950baf14b7cb64122bc3242ee183bed801760a66e8a3c5d6e3d84825fc1 is
            scheduled already.
        gov.upgrade_not_scheduled
            No upgrade to f4705950baf14b7cb64122bc3242ee183bed801760a66e8a3c5d6e3d84825fc1 is
            scheduled.
        staking.invalid_field
            The networkKey is not a valid Ed25519 key.
        staking.invalid_field
            The endpoint is not host:port.
        staking.invalid_field
            The moniker must have 1 to 64 bytes, no control characters.
        staking.invalid_field
            The website must have no control characters.
        staking.invalid_field
            The contact must have no control characters.
        gov.parameter_invalid
            The change of gov.depositBase is not valid: gov.depositBase: the value must be a
            number.
        gov.parameter_invalid
            The change of fees.priceFloor is not valid: fees.priceFloor: the value must be a
            ratio.
        gov.parameter_invalid
            The change of consensus.blockInterval is not valid: consensus.blockInterval: 60001
            is not within 20...60000.
        gov.parameter_invalid
            The change of fees.priceFloor is not valid: fees.priceFloor: 1/2 is not within
            0/1...1/10.
        gov.parameter_invalid
            The change of consensus.idleInterval is not valid: consensus.idleInterval: is above
            twice consensus.retryInterval.
        gov.parameter_invalid
            The change of consensus.idleInterval is not valid: consensus.idleInterval: is below
            consensus.blockInterval.
        gov.parameter_invalid
            The change of consensus.epochLength is not valid: consensus.epochLength: an epoch
            may last longer than 6 hours.
        gov.parameter_invalid
            The change of staking.minValidators is not valid: staking.minValidators: is above
            staking.maxValidators.
        gov.parameter_invalid
            The change of staking.inflationMin is not valid: staking.inflationMin: is above
            staking.inflationMax.
        gov.parameter_invalid
            The change of staking.warmUp is not valid: staking.warmUp: is above half of
            staking.unbonding.
        gov.parameter_invalid
            The change of staking.unbonding is not valid: staking.unbonding: is below
            gov.paramPeriod + Delay.
        gov.parameter_invalid
            The change of staking.unbonding is not valid: staking.unbonding: is below
            gov.protocolPeriod + Delay.
        gov.parameter_invalid
            The change of gov.textConfirm is not valid: gov.textConfirm: is above half of
            gov.textPeriod.
        gov.parameter_invalid
            The change of gov.textDeposit is not valid: gov.textDeposit: times gov.depositBase
            is 100000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.fastDeposit is not valid: gov.fastDeposit: times gov.depositBase
            is 1000000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.spendSmallDeposit is not valid: gov.spendSmallDeposit: times
            gov.depositBase is 100000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.spendMediumDeposit is not valid: gov.spendMediumDeposit: times
            gov.depositBase is 300000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.spendLargeDeposit is not valid: gov.spendLargeDeposit: times
            gov.depositBase is 1000000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.paramDeposit is not valid: gov.paramDeposit: times gov.depositBase
            is 300000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.peopleDeposit is not valid: gov.peopleDeposit: times
            gov.depositBase is 300000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.protocolDeposit is not valid: gov.protocolDeposit: times
            gov.depositBase is 1000000000, above 0.1 % of the supply.
        gov.parameter_invalid
            The change of gov.constitutionDeposit is not valid: gov.constitutionDeposit: times
            gov.depositBase is 2000000000, above 0.1 % of the supply.
        gov.contradictory
            Two actions contradict each other: the module transfers is named twice.
        gov.contradictory
            Two actions contradict each other: the module transfers is named twice.
        gov.contradictory
            Two actions contradict each other: proposal 7 is cancelled twice.
        gov.contradictory
            Two actions contradict each other: an upgrade is cancelled twice.
        gov.condition_false
            The condition that the treasury has at least 18446744073709551615 of asset 0 does
            not hold.
        gov.condition_false
            The condition that the height is at most 0 does not hold.
        gov.condition_false
            The condition that proposal 7 is executed does not hold.
        gov.action_not_allowed
            The action transfer cannot be part of a proposal.
        gov.action_not_allowed
            The action submitProposal cannot be part of a proposal.
        gov.action_not_allowed
            The action addDeposit cannot be part of a proposal.
        gov.action_not_allowed
            The action castBallot cannot be part of a proposal.
        gov.action_not_allowed
            The action cancelProposal cannot be part of a proposal.
        gov.action_not_allowed
            The action claimDeposit cannot be part of a proposal.
        gov.action_not_allowed
            The action claimStream cannot be part of a proposal.
        gov.action_not_allowed
            The action executeProposal cannot be part of a proposal.
        gov.action_not_allowed
            The action signPetition cannot be part of a proposal.
        gov.action_not_allowed
            The action representation cannot be part of a proposal.
        gov.action_not_allowed
            The action createValidator cannot be part of a proposal.
        gov.action_not_allowed
            The action editValidator cannot be part of a proposal.
        gov.action_not_allowed
            The action unjail cannot be part of a proposal.
        gov.action_not_allowed
            The action leaveValidator cannot be part of a proposal.
        gov.action_not_allowed
            The action rotateKey cannot be part of a proposal.
        gov.action_not_allowed
            The action delegate cannot be part of a proposal.
        gov.action_not_allowed
            The action undelegate cannot be part of a proposal.
        gov.action_not_allowed
            The action cancelUnbonding cannot be part of a proposal.
        gov.action_not_allowed
            The action redelegate cannot be part of a proposal.
        gov.action_not_allowed
            The action setStakeMode cannot be part of a proposal.
        gov.action_not_allowed
            The action claimStake cannot be part of a proposal.
        gov.action_not_allowed
            The action claimReturn cannot be part of a proposal.
        the quorum was not met
        the deposit was not met
        no place became free
        the deposit rose
        by the proposer
        by petition
        by proposal 7
        deposit voting queued executed expired rejected vetoed failed cancelled
        transfers staking assets streams
        reopen cancel
        compounding paying
        chain accounts bank parameters staking governance
        parameters
            consensus.blockInterval consensus.idleInterval consensus.leaderTimeoutExtra
            consensus.advanceTimeoutExtra consensus.retryInterval consensus.epochLength
            block.gasLimit fees.priceFloor staking.minSelfBond staking.minDelegation
            staking.minValidators staking.maxValidators staking.unbonding staking.warmUp
            staking.exitPeriod staking.treasuryShare staking.commissionFloor
            staking.inflationMin staking.inflationMax staking.inflationChange staking.bondedGoal
            staking.equivocationCut staking.downtimeCut gov.depositBase gov.depositPeriod
            treasury.outflowFloorSmall treasury.outflowFloorLarge gov.executionWindow
            gov.petitionPeriod gov.textDeposit gov.textPeriod gov.textConfirm gov.textQuorum
            gov.textApprove gov.textMinYes gov.textDelay gov.textPlaces gov.fastDeposit
            gov.fastPeriod gov.fastConfirm gov.fastQuorum gov.fastApprove gov.fastMinYes
            gov.fastDelay gov.fastPlaces gov.spendSmallDeposit gov.spendSmallPeriod
            gov.spendSmallConfirm gov.spendSmallQuorum gov.spendSmallApprove
            gov.spendSmallMinYes gov.spendSmallDelay gov.spendSmallPlaces gov.spendMediumDeposit
            gov.spendMediumPeriod gov.spendMediumConfirm gov.spendMediumQuorum
            gov.spendMediumApprove gov.spendMediumMinYes gov.spendMediumDelay
            gov.spendMediumPlaces gov.spendLargeDeposit gov.spendLargePeriod
            gov.spendLargeConfirm gov.spendLargeQuorum gov.spendLargeApprove
            gov.spendLargeMinYes gov.spendLargeDelay gov.spendLargePlaces gov.paramDeposit
            gov.paramPeriod gov.paramConfirm gov.paramQuorum gov.paramApprove gov.paramMinYes
            gov.paramDelay gov.paramPlaces gov.peopleDeposit gov.peoplePeriod gov.peopleConfirm
            gov.peopleQuorum gov.peopleApprove gov.peopleMinYes gov.peopleDelay gov.peoplePlaces
            gov.protocolDeposit gov.protocolPeriod gov.protocolConfirm gov.protocolQuorum
            gov.protocolApprove gov.protocolMinYes gov.protocolDelay gov.protocolPlaces
            gov.constitutionDeposit gov.constitutionPeriod gov.constitutionConfirm
            gov.constitutionQuorum gov.constitutionApprove gov.constitutionMinYes
            gov.constitutionDelay gov.constitutionPlaces
        """
}
